"""The lab: workloads, measurements, results, targets and comparisons.

A general tool: nothing here knows telephone records or Dagster.
"""
