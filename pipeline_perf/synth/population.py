"""Who can appear in a generated file: lines, their partners, special destinations, cells, devices.

Everything here is drawn once per file from the seed. What these parties do with each other is the
business of `callmodel`; how a number is written in a carrier's file that of the layout modules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: Area codes in service. With the lines 555-0100 to 555-0199, which are reserved for fiction, they
#: give 6 400 telephone numbers that ring nowhere.
AREA_CODES = (
    201, 202, 203, 206, 207, 210, 212, 213, 214, 215, 216, 217, 240, 248, 253, 281,
    301, 303, 305, 310, 312, 313, 314, 315, 316, 317, 321, 323, 330, 336, 347, 352,
    401, 402, 404, 405, 407, 408, 410, 412, 415, 417, 419, 423, 425, 440, 443, 469,
    502, 503, 504, 505, 510, 512, 513, 516, 518, 520, 559, 561, 602, 612, 646, 702,
)  # fmt: skip
FICTITIOUS_PER_AREA_CODE = 100
NANP = len(AREA_CODES) * FICTITIOUS_PER_AREA_CODE
#: +44 20 7555 0100 to 0199.
UK = 100

SHORT_CODES = ("729725", "32665", "40404", "88022")
SERVICE_CODES = ("611", "411")
VOICEMAIL_RETRIEVAL = "*86"
WITHHELD = ("Restricted", "Unavailable")

#: Positions of each class of party in the list of parties. A party is an index into that list, so
#: that a notation is computed once per distinct party and a million rows only gather it.
FIRST_UK = NANP
FIRST_SHORT_CODE = FIRST_UK + UK
FIRST_SERVICE_CODE = FIRST_SHORT_CODE + len(SHORT_CODES)
RETRIEVAL = FIRST_SERVICE_CODE + len(SERVICE_CODES)
FIRST_WITHHELD = RETRIEVAL + 1
PARTIES = FIRST_WITHHELD + len(WITHHELD)

#: Centres of the areas that cells are scattered around: latitude, longitude, city, state, ZIP.
#: Half lie west of 90° W, where a latitude and a longitude that changed places are told apart.
METROS = (
    (40.7128, -74.0060, "NEW YORK", "NY", "10007"),
    (41.8781, -87.6298, "CHICAGO", "IL", "60602"),
    (33.7490, -84.3880, "ATLANTA", "GA", "30303"),
    (25.7617, -80.1918, "MIAMI", "FL", "33128"),
    (34.0522, -118.2437, "LOS ANGELES", "CA", "90012"),
    (37.7749, -122.4194, "SAN FRAN", "CA", "94102"),
    (39.7392, -104.9903, "DENVER", "CO", "80202"),
    (32.7767, -96.7970, "DALLAS", "TX", "75201"),
)
CELLS = 400
CELLS_PER_LINE = 8
PARTNERS_PER_LINE = 120
MAX_LINES = 1_000


@dataclass(frozen=True)
class Population:
    """The parties of one generated file.

    `parties`: E.164, or the word or code that stands in its place. `lines`: index of each
    subscriber line among the parties. `partners[line, rank]`: the line's partners, most frequent
    first. `home_cells[line, k]`: rows of `cells`. `voicemail_boxes`: the number of each line's box.
    `cells`: metro (row of `metros`), lac, cid, latitude, longitude, azimuth (all in degrees),
    street_no. `imei` and `imsi`: one per line.
    """

    parties: pl.Series
    lines: NDArray[np.int32]
    partners: NDArray[np.int32]
    home_cells: NDArray[np.int32]
    voicemail_boxes: NDArray[np.int32]
    cells: pl.DataFrame
    imei: pl.Series
    imsi: pl.Series


def populate(lines: int, network: str, rng: np.random.Generator) -> Population:
    """Draw the parties for a file about `lines` subscriber lines.

    `network`: country and network code, which open the lines' IMSI. Raises ValueError for none and
    for more than MAX_LINES.
    """
    if not 1 <= lines <= MAX_LINES:
        raise ValueError(f"a generated file is about 1 to {MAX_LINES} lines, not {lines}")
    pool = rng.permutation(NANP).astype(np.int32)
    own, others = pool[:lines], pool[lines:]
    return Population(
        parties=_parties(),
        lines=own,
        partners=rng.choice(others, (lines, PARTNERS_PER_LINE)).astype(np.int32),
        home_cells=_home_cells(lines, rng),
        voicemail_boxes=rng.choice(others, lines).astype(np.int32),
        cells=_cells(rng),
        imei=pl.Series("imei", [f"35{x:014d}" for x in rng.integers(0, 10**14, lines)]),
        imsi=pl.Series("imsi", [f"{network}{x:09d}" for x in rng.integers(0, 10**9, lines)]),
    )


def is_nanp(party: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether each party is a number of the North American plan: no code, no word, not abroad."""
    return (party >= 0) & (party < NANP)


def is_number(party: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether each party is a full telephone number, at home or abroad."""
    return (party >= 0) & (party < FIRST_SHORT_CODE)


def metros() -> pl.DataFrame:
    """METROS as a table: latitude, longitude, city, state, zip."""
    columns = ["latitude", "longitude", "city", "state", "zip"]
    return pl.DataFrame(METROS, schema=columns, orient="row")


def _parties() -> pl.Series:
    nanp = [f"+1{area}55501{n:02d}" for area in AREA_CODES for n in range(FICTITIOUS_PER_AREA_CODE)]
    uk = [f"+4420755501{n:02d}" for n in range(UK)]
    return pl.Series(
        "party", [*nanp, *uk, *SHORT_CODES, *SERVICE_CODES, VOICEMAIL_RETRIEVAL, *WITHHELD]
    )


def _cells(rng: np.random.Generator) -> pl.DataFrame:
    metro = np.arange(CELLS) % len(METROS)
    centre = np.array([m[:2] for m in METROS])[metro]
    offset = rng.uniform(-0.12, 0.12, (CELLS, 2))  # about 13 km: one city
    return pl.DataFrame(
        {
            "metro": metro.astype(np.int32),
            "lac": (33_000 + metro * 7).astype(np.int32),
            "cid": rng.permutation(np.arange(10_000, 60_000))[:CELLS].astype(np.int32),
            "latitude": np.round(centre[:, 0] + offset[:, 0], 6),
            "longitude": np.round(centre[:, 1] + offset[:, 1], 6),
            "azimuth": rng.choice([0, 120, 240], CELLS).astype(np.int32),
            "street_no": rng.integers(1, 999, CELLS).astype(np.int32),
        }
    )


def _home_cells(lines: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Cells near each other: all of a line's cells lie in one metro."""
    metro = rng.integers(0, len(METROS), lines)
    nth = rng.integers(0, CELLS // len(METROS), (lines, CELLS_PER_LINE))
    return (nth * len(METROS) + metro[:, None]).astype(np.int32)
