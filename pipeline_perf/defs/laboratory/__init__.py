"""The assets of the laboratory: benchmarks, comparisons, histories, calibration."""
