"""Which events tell a call that another event tells: within a file, and across files. Nothing is
removed; marks are what comes out.
"""
