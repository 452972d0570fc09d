"""AT&T's consumer bill of one line and billing cycle as CSV: whole minutes, local time, charges,
no owner.

Titles, the words in "Call To" and the notation of numbers follow a public sample of the download.
An incoming call is told by INCOMING CL, a number abroad stands without dashes.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth import population as people
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import (
    Form,
    Layout,
    Marks,
    Scene,
    Section,
    delimited,
    parties,
    renumber,
    whole_minutes,
)

COLUMNS = (
    "Item", "Day", "Date", "Time", "Number Called", "Call To", "Min", "Rate Code", "Rate Pd",
    "Feature",
    "Airtime Charge", "LD/Add'l Charge", "Total Charge",
)  # fmt: skip
CENTS_A_MINUTE_ABROAD = 25
BLOCKED = {"Restricted": "BLOCKED", "Unavailable": "BLOCKED"}
BILLED = Mix(legs=False, unanswered=False, codes=False)


def cents(frame: pl.DataFrame) -> pl.Expr:
    """The charge of each call in cents: calls abroad cost a quarter of a dollar a begun minute,
    all others nothing extra.
    """
    abroad = pl.col("abroad") & (pl.col("direction_code") == callmodel.OUT)
    return (
        pl.when(abroad)
        .then(whole_minutes(pl.col("duration_s")) * CENTS_A_MINUTE_ABROAD)
        .otherwise(0)
    )


def dollars(amount: pl.Expr) -> pl.Expr:
    """Cents as D.CC."""
    return pl.concat_str(
        (amount // 100).cast(pl.String), pl.lit("."), (amount % 100).cast(pl.String).str.zfill(2)
    )


def city(frame: pl.DataFrame) -> pl.Series:
    """City and state of the partner's area code, as a bill abbreviates them."""
    places = pl.Series([f"{m[2]} {m[3]}" for m in people.METROS])
    return places.gather(frame["partner"] // people.FICTITIOUS_PER_AREA_CODE % len(people.METROS))


def texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """The thirteen columns of call detail, which the printed bill shares."""
    _, other, _ = parties(frame, scene, scene.written)
    hour, weekday = pl.col("local").dt.hour(), pl.col("local").dt.weekday()
    daytime = (weekday <= 5) & hour.is_between(6, 20)
    charge = dollars(cents(frame))
    return frame.select(
        pl.col("item").cast(pl.String).alias("Item"),
        pl.col("local").dt.strftime("%a").str.to_uppercase().alias("Day"),
        pl.col("local").dt.strftime("%m/%d/%Y").alias("Date"),
        pl.col("local").dt.strftime("%-I:%M%p").alias("Time"),
        other.alias("Number Called"),
        pl.when(pl.col("direction_code") == callmodel.IN)
        .then(pl.lit("INCOMING CL"))
        .when("abroad")
        .then(pl.lit("UNTD KNGD"))
        .otherwise(city(frame))
        .alias("Call To"),
        whole_minutes(pl.col("duration_s")).cast(pl.String).alias("Min"),
        pl.lit("RM45").alias("Rate Code"),
        pl.when(daytime).then(pl.lit("DT")).otherwise(pl.lit("NW")).alias("Rate Pd"),
        pl.when(pl.col("partner") % 5 == 0)
        .then(pl.lit("M2MC"))
        .otherwise(pl.lit(""))
        .alias("Feature"),
        pl.lit("0.00").alias("Airtime Charge"),
        charge.alias("LD/Add'l Charge"),
        charge.alias("Total Charge"),
    )


def truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """What every bill says beyond the call: its charge, in dollars."""
    return {"charge": cents(frame).cast(pl.Decimal(18, 6)) / 100, "currency": pl.lit("USD")}


def _sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
    return [Section((",".join(COLUMNS),), 0, frame.height)]


_join, _cut = delimited(",", "Date", 4)

ATT_BILL_CSV = Layout(
    id="att_bill_csv",
    carrier="att",
    file_name=lambda scene, nth: f"att_bill_{nth}.csv",
    newline="\n",
    mix=BILLED,
    forms=(
        Form("call", texts, _join, _cut, Marks(
            started=("Date", "Time"), impossible_date=(r"^\d\d/\d\d", "13/45"), duration="Min",
            numbers=("Number Called",),
        )),
    ),
    form_of=(0, 0, 0),
    notation=renumber("${1}-${2}-${3}", "", BLOCKED),
    reads=lambda parties: parties.replace(BLOCKED),
    sections=_sections,
    truth=truth,
    time_resolution_s=60,
    duration_resolution_s=60,
    one_line=True,
    needs_subscriber=True,
)  # fmt: skip
