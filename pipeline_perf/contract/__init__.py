"""What is promised and what is measured: the targets, the scenarios, and the workloads that they
become.
"""

from pathlib import Path

TARGETS = Path(__file__).with_name("targets.yaml")
SCENARIOS = Path(__file__).with_name("scenarios.yaml")
