"""EMI exchange records of the local-exchange carriers: 262 characters, with header and trailer.

Positions as a public billing system's importer of the Exchange Message Interface reads them: record
202401 is the header, 202402 the trailer; the conversation time is six digits of seconds and one of
tenths. What else header and trailer hold is not public; they carry their date here.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth import population as people
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import Form, Layout, Marks, Scene, Section
from pipeline_perf.synth.wording import from_and_to, parties, positional, renumber, stamp

LENGTH = 262
FIELDS = {
    "record": (1, 6), "date": (7, 12), "caller_length": (13, 14), "caller": (15, 24),
    "callee_length": (28, 29), "callee": (30, 39), "collected": (40, 46), "connect": (55, 60),
    "conversation": (61, 67), "caller_city": (123, 132), "caller_state": (133, 134),
    "callee_city": (135, 144), "callee_state": (145, 146),
}  # fmt: skip
STATION_PAID = "010101"
#: Tenths of a second that a call lasted beyond its whole seconds.
TENTHS = pl.col("event").cast(pl.Int64) * 7 % 10


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    caller, callee = from_and_to(*parties(frame, scene, scene.written))
    metros = people.metros()

    def place(number: pl.Expr, what: str) -> pl.Expr:
        area = number.str.slice(0, 3).cast(pl.Int32)
        return pl.lit(metros[what]).gather(area % metros.height)

    return frame.select(
        record=pl.lit(STATION_PAID),
        date=stamp("%y%m%d"),
        caller_length=pl.lit("10"),
        caller=caller,
        callee_length=pl.lit("10"),
        callee=callee,
        collected=pl.lit("0000000"),
        connect=stamp("%H%M%S"),
        conversation=(pl.col("duration_s") * 10 + TENTHS).cast(pl.String).str.zfill(7),
        caller_city=place(caller, "city"),
        caller_state=place(caller, "state"),
        callee_city=place(callee, "city"),
        callee_state=place(callee, "state"),
    )


def _sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
    head, foot = (
        f"{record}{scene.period.last:%y%m%d}".ljust(LENGTH) for record in ("202401", "202402")
    )
    return [Section((head,), 0, frame.height, (foot,))]


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """Seconds with their tenths. Nobody's records in particular: no subscriber, no direction."""
    return {
        "duration_s": pl.col("duration_s") + TENTHS / 10,
        "subscriber_number": pl.lit(None, pl.String),
        "direction": pl.lit(None, pl.String),
    }


EMI = Layout(
    id="emi",
    carrier="emi",
    file_name=lambda scene, nth: f"emi_{nth}.txt",
    mix=Mix(legs=False, unanswered=False, foreign=False, codes=False, withheld=False),
    forms=(
        Form("record", _texts, *positional(FIELDS, LENGTH, cut_at=9), Marks(
            started=("date", "connect"), impossible_date=(r"^(\d\d)\d{4}", "${1}1345"),
            duration="conversation", shape="positional",
        )),
    ),
    notation=renumber("${1}${2}${3}", "011"),
    sections=_sections,
    truth=_truth,
    by_line=False,
    rows_per_line=1_000,
)  # fmt: skip
