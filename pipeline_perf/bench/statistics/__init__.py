"""Pure functions of numbers: two samples compared, a series searched for a step, percentiles. They
know neither workloads nor files.
"""
