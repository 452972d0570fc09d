"""Who may read what a program of this project writes: its owner alone, unless told otherwise.

Lakes, exports, logs and reports hold personal data. The kernel's own mask is what holds for every
file, whichever library writes it; so whoever starts a process sets it, and no library function
does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from pipeline_perf.errors import ProjectError

#: Names the mask, in octal as the shell's `umask` has it.
VARIABLE = "PIPELINE_PERF_UMASK"

#: Folders become 0700 and files 0600.
OWNER_ALONE = 0o077


def restrict(environment: Mapping[str, str]) -> None:
    """Set the mask of this process for all that it will make; what is there keeps its mode.

    Raises ProjectError where the variable is no mask.
    """
    given = environment.get(VARIABLE, "")
    try:
        mask = int(given, 8) if given else OWNER_ALONE
    except ValueError:
        mask = -1
    if not 0 <= mask <= 0o777:
        raise ProjectError(
            f"{VARIABLE}={given!r} is no mask", "write for example 027, as for the shell's umask"
        )
    os.umask(mask)
