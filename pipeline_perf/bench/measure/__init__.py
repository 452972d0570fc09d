"""A workload in a fresh process, what it took, on which machine, and where that is kept. No figure
is judged here.
"""
