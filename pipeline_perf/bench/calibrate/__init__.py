"""How often the lab itself is wrong: comparisons, attributions and nightly series whose truth is
known, simulated and real.
"""
