"""The base of the lab's errors: whoever calls the lab catches this one.

Which errors there are is the business of the modules that raise them. What a caller gets wrong in
its own program (no values, sides of different lengths) stays a ValueError.
"""

from __future__ import annotations

from pipeline_perf.errors import ProjectError


class LabError(ProjectError):
    """Anything that stops a measurement, a comparison or a verdict."""

    code = "lab"
