"""A package of its own with a workload for the lab; see docs/adding-a-workload.md of
pipeline_perf.
"""

from setuptools import setup

setup(
    name="wordcount",
    version="1.0",
    description="Counts the words of a text",
    python_requires=">=3.11",
    py_modules=["wordcount", "wordcount_workloads"],
    entry_points={"pipeline_perf.workloads": ["wordcount = wordcount_workloads:workloads"]},
)
