"""The corridor: one carrier file in, events and quarantine out; one module per room, none looks
back.
"""
