"""AT&T's consumer bill of one line and billing cycle as CSV: whole minutes, charges, no owner.

Titles, the words in "Call To" and the notation of numbers follow a public sample of the download.
Times are local. An incoming call is told by INCOMING CL, a number abroad stands without dashes.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth import population as people
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import Form, Layout, Marks, Scene
from pipeline_perf.synth.wording import (
    IN,
    MONTH_DAY,
    OUT,
    delimited,
    dollars,
    either,
    one_section,
    parties,
    renumber,
    stamp,
    whole_minutes,
)

COLUMNS = (
    "Item", "Day", "Date", "Time", "Number Called", "Call To", "Min", "Rate Code", "Rate Pd",
    "Feature", "Airtime Charge", "LD/Add'l Charge", "Total Charge",
)  # fmt: skip
CENTS_A_MINUTE_ABROAD = 25
#: The charge of each call in cents: calls abroad cost a quarter of a dollar a begun minute, all
#: others nothing extra.
CENTS = (
    pl.when(pl.col("abroad") & OUT)
    .then(whole_minutes(pl.col("duration_s")) * CENTS_A_MINUTE_ABROAD)
    .otherwise(0)
)
MINUTES = whole_minutes(pl.col("duration_s")).cast(pl.String)
BLOCKED = {"Restricted": "BLOCKED", "Unavailable": "BLOCKED"}
BILLED = Mix(legs=False, unanswered=False, codes=False)


def city(frame: pl.DataFrame) -> pl.Expr:
    """City and state of the partner's area code, as a bill abbreviates them."""
    places = people.metros().select(pl.format("{} {}", "city", "state"))[:, 0]
    area = frame["partner"] // people.FICTITIOUS_PER_AREA_CODE
    return pl.lit(places.gather(area % len(places)))


def call_to(frame: pl.DataFrame, incoming: str, abroad: str) -> pl.Expr:
    """Where a call went: a city, or one of two words where it came in or went abroad."""
    return either(IN, incoming, either(pl.col("abroad"), abroad, city(frame)))


def texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """The thirteen columns of call detail, which the printed bill shares."""
    _, other, _ = parties(frame, scene, scene.written)
    daytime = (pl.col("local").dt.weekday() <= 5) & pl.col("local").dt.hour().is_between(6, 20)
    return frame.select(
        **{
            "Item": pl.col("item").cast(pl.String),
            "Day": stamp("%a").str.to_uppercase(),
            "Date": stamp("%m/%d/%Y"),
            "Time": stamp("%-I:%M%p"),
            "Number Called": other,
            "Call To": call_to(frame, "INCOMING CL", "UNTD KNGD"),
            "Min": MINUTES,
            "Rate Code": pl.lit("RM45"),
            "Rate Pd": either(daytime, "DT", "NW"),
            "Feature": either(pl.col("partner") % 5 == 0, "M2MC", ""),
            "Airtime Charge": pl.lit("0.00"),
            "LD/Add'l Charge": dollars(CENTS),
            "Total Charge": dollars(CENTS),
        }
    )


def truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """What every bill says beyond the call: its charge, in dollars."""
    return {"charge": CENTS.cast(pl.Decimal(18, 6)) / 100, "currency": pl.lit("USD")}


ATT_BILL_CSV = Layout(
    id="att_bill_csv",
    carrier="att",
    file_name=lambda scene, nth: f"att_bill_{nth}.csv",
    mix=BILLED,
    forms=(
        Form("call", texts, *delimited(",", "Date"), Marks(
            started=("Date", "Time"), impossible_date=MONTH_DAY, duration="Min",
            numbers=("Number Called",),
        )),
    ),
    notation=renumber("${1}-${2}-${3}", "", BLOCKED),
    reads=lambda parties: parties.replace(BLOCKED),
    sections=one_section((",".join(COLUMNS),)),
    truth=truth,
    time_resolution_s=60,
    duration_resolution_s=60,
    one_line=True,
    needs_subscriber=True,
)  # fmt: skip
