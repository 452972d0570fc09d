"""The lab: workloads, measurements, results, targets and comparisons.

A general tool: nothing here knows telephone records or Dagster. What a package of one's own needs
to offer workloads is imported from here.
"""

from pipeline_perf.bench.measure.workload import Correctness, Output, Workload

__all__ = ["Correctness", "Output", "Workload"]
