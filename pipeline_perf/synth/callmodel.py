"""What subscribers do: the stream of events that a file tells about, before any carrier's notation.

Rates and shapes of behaviour live here, each with its reason. Nothing here knows a layout, a
column title, a defect or a file; a row is one leg as a switch would record it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline_perf.synth import population as people
from pipeline_perf.synth.population import Population

#: Kinds of event.
CALL, SMS, DATA = 0, 1, 2
#: Directions, as seen from the line.
OUT, IN, FORWARDED = 0, 1, 2
#: Legs: the first leg of a call that goes on says where to, the second that it got there.
SINGLE, TO_VOICEMAIL, TO_NUMBER, VOICEMAIL_LEG, FORWARDED_LEG = 0, 1, 2, 3, 4
#: Subtracted from a second leg's code it gives the first's.
_FIRST_LEG = 2

#: Relative traffic by hour of the local day: a lunch dip, an evening, a quiet night.
WORKDAY_HOURS = np.array(
    [3, 2, 1, 1, 1, 2, 8, 25, 60, 85, 90, 85, 65, 75, 88, 90, 85, 80, 65, 50, 42, 32, 18, 8], float
)
WEEKEND_HOURS = np.array(
    [8, 5, 3, 2, 1, 1, 3, 8, 18, 32, 42, 48, 50, 48, 46, 45, 46, 50, 52, 50, 45, 36, 24, 14], float
)

#: Few partners make most of the traffic: with 120 partners and this exponent the first takes a
#: quarter of the calls, the first ten two thirds.
PARTNER_EXPONENT = 1.2

#: Of outbound calls: on a bill with whole minutes these become the 1-2 % of identical rows.
REDIAL_SHARE = 0.015
#: Of inbound calls: those that a second leg carries on to another number.
FORWARD_SHARE = 0.04
#: Of inbound calls: those that end in voicemail, in two legs.
VOICEMAIL_SHARE = 0.09
#: Besides the calls that go on to voicemail.
UNANSWERED_OUT, UNANSWERED_IN = 0.11, 0.08
#: Of texting acts: several messages within seconds.
SMS_BURST_SHARE = 0.18
LONGEST_CALL_S = 4 * 3600


@dataclass(frozen=True)
class Mix:
    """Which events a format can tell: kinds as shares of the acts, and calls to and from what.

    `legs`: forwarded and voicemail legs; `legs_alike`: both legs tell the length of the whole call;
    `diverts_to_numbers`: not to voicemail only. `codes`: short codes, service codes and *86.
    """

    calls: float = 1.0
    sms: float = 0.0
    data: float = 0.0
    legs: bool = True
    legs_alike: bool = False
    diverts_to_numbers: bool = True
    unanswered: bool = True
    foreign: bool = True
    codes: bool = True
    withheld: bool = True


@dataclass(frozen=True)
class Period:
    """The days that a file is about, in the wall clock of one zone."""

    first: date
    days: int
    zone: str

    @property
    def last(self) -> date:
        """The last of the days."""
        return self.first + timedelta(days=self.days - 1)


def events(
    rows: int, mix: Mix, period: Period, who: Population, rng: np.random.Generator
) -> pl.DataFrame:
    """Exactly `rows` legs, in order of local time.

    `mix` says which kinds there are, `period` when, `who` between whom. Columns: line (index),
    kind, direction_code, leg (codes above), local (wall clock, whole seconds), duration_s,
    answered, partner and target (parties; target only on a forwarded leg, else -1), cell_at_start,
    cell_at_end (rows of the cells, -1 unknown), bytes_up, bytes_down, act (legs and messages of one
    act share it).
    """
    acts = _acts(rows, mix, who, rng)
    repeat = np.repeat(np.arange(len(acts.line)), acts.events)[:rows]
    first_event = np.cumsum(acts.events) - acts.events
    nth = np.arange(len(repeat), dtype=np.int64) - first_event[repeat]
    start = _starts(len(acts.line), period, rng)[repeat]

    kind, direction, leg = acts.kind[repeat], acts.direction[repeat], acts.leg[repeat]
    two_legs = leg != SINGLE
    second = two_legs & (nth == 1)
    first_leg = two_legs & ~second
    leg = np.where(first_leg, leg - _FIRST_LEG, leg).astype(np.int8)
    direction = np.where(second, FORWARDED, direction).astype(np.int8)

    redial = (kind == CALL) & ~two_legs & (acts.events[repeat] > 1)
    after_call, after_message = rng.integers(14, 30, rows), rng.integers(0, 4, rows)
    gap = np.select([redial, kind == SMS], [after_call, after_message], 0)
    first_of_act = nth == 0
    gap[first_of_act] = 0
    running = np.cumsum(gap)
    start = start + running - np.maximum.accumulate(np.where(first_of_act, running, 0))

    duration = np.clip(rng.lognormal(np.log(75), 1.25, rows), 2, LONGEST_CALL_S).astype(np.int64)
    duration = np.where(redial, rng.integers(2, 12, rows), duration)
    duration = np.where(leg == VOICEMAIL_LEG, rng.integers(4, 60, rows), duration)
    duration = np.where(kind == DATA, rng.integers(5, 7200, rows), duration)
    rejected = (leg == SINGLE) & (
        rng.random(rows) < np.where(direction == OUT, UNANSWERED_OUT, UNANSWERED_IN)
    )
    answered = ~(first_leg | (rejected & mix.unanswered & (kind == CALL) & ~redial))
    duration = np.where((kind == SMS) | ((kind == CALL) & ~answered), 0, duration)
    if mix.legs_alike:
        duration = np.where(first_leg & np.roll(second, -1), np.roll(duration, -1), duration)

    cells = who.home_cells[acts.line[repeat]]
    here = rng.integers(0, people.CELLS_PER_LINE, rows)
    there = np.where(rng.random(rows) < 0.25, rng.integers(0, people.CELLS_PER_LINE, rows), here)
    known = (rng.random(rows) < 0.94) & (direction != FORWARDED)
    every = np.arange(rows)
    volume = rng.lognormal(np.log(60_000), 2.0, (2, rows)).astype(np.int64)
    local = _outside_clock_changes(start, period).astype("datetime64[s]").astype("datetime64[us]")
    boxes = who.voicemail_boxes[acts.line[repeat]]
    target = np.select(
        [leg == FORWARDED_LEG, leg == VOICEMAIL_LEG], [acts.target[repeat], boxes], -1
    )
    return pl.DataFrame(
        {
            "line": acts.line[repeat],
            "kind": kind,
            "direction_code": direction,
            "leg": leg,
            "local": local,
            "duration_s": duration.astype(np.int32),
            "answered": answered,
            "partner": acts.partner[repeat],
            "target": target.astype(np.int32),
            "cell_at_start": np.where(known, cells[every, here], -1).astype(np.int32),
            "cell_at_end": np.where(known, cells[every, there], -1).astype(np.int32),
            "bytes_up": np.where(kind == DATA, volume[0] // 8, 0),
            "bytes_down": np.where(kind == DATA, volume[1], 0),
            "act": repeat.astype(np.int32),
        }
    ).sort("local", "act", maintain_order=True)


def with_ends(events: pl.DataFrame, rows: int) -> pl.DataFrame:
    """The first `rows` rows of a telling in which an answered call's end has a row of its own.

    `events` are as the function of that name gives them, numbered by a column `event`. Adds
    `closing`, whether a row tells the end, and `ended`, whether the end of the row's call is among
    them.
    """
    ends = events.filter((pl.col("kind") == CALL) & pl.col("answered"))
    hung_up = pl.col("local") + pl.duration(seconds="duration_s")
    telling = pl.concat(
        [
            events.with_columns(closing=pl.lit(False), moment=pl.col("local")),
            ends.with_columns(closing=pl.lit(True), moment=hung_up),
        ]
    )
    telling = telling.sort("moment", "event").head(rows).drop("moment")
    return telling.with_columns(ended=pl.col("closing").any().over("event"))


@dataclass(frozen=True)
class _Acts:
    """What somebody did, in so many `events`; `leg` is the second leg's, where there is one."""

    line: NDArray[np.int32]
    kind: NDArray[np.int8]
    direction: NDArray[np.int8]
    leg: NDArray[np.int8]
    events: NDArray[np.int64]
    partner: NDArray[np.int32]
    target: NDArray[np.int32]


def _acts(rows: int, mix: Mix, who: Population, rng: np.random.Generator) -> _Acts:
    """One entry per thing that somebody did; `rows` of them are always enough."""
    line = rng.integers(0, len(who.lines), rows).astype(np.int32)
    total = mix.calls + mix.sms + mix.data
    kind = np.searchsorted(
        np.cumsum([mix.calls, mix.sms]) / total, rng.random(rows), side="right"
    ).astype(np.int8)
    direction = (rng.random(rows) < np.where(kind == CALL, 0.45, 0.5)).astype(np.int8)
    direction[kind == DATA] = OUT
    weight = 1.0 / np.arange(1, people.PARTNERS_PER_LINE + 1) ** PARTNER_EXPONENT
    rank = np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(rows))
    partner = who.partners[line, np.minimum(rank, people.PARTNERS_PER_LINE - 1)]
    special = _special_partners(kind, direction, mix, rng)
    partner = np.where(special >= 0, special, partner).astype(np.int32)
    ordinary = people.is_number(partner)

    chance = rng.random(rows)
    leg = np.zeros(rows, np.int8)
    if mix.legs:
        inbound = (kind == CALL) & (direction == IN) & ordinary
        leg[inbound & (chance < VOICEMAIL_SHARE)] = VOICEMAIL_LEG
        if mix.diverts_to_numbers:
            leg[inbound & (chance > 1 - FORWARD_SHARE)] = FORWARDED_LEG
    redial = (kind == CALL) & (direction == OUT) & ordinary & (chance < REDIAL_SHARE)
    burst = (kind == SMS) & (chance < SMS_BURST_SHARE)
    redials, messages = rng.integers(2, 4, rows), rng.integers(2, 6, rows)
    count = np.select([leg != SINGLE, redial, burst], [2, redials, messages], 1)
    target = who.partners[line, rng.integers(0, people.PARTNERS_PER_LINE, rows)]
    return _Acts(line, kind, direction, leg, count.astype(np.int64), partner, target)


def _special_partners(
    kind: NDArray[np.int8], direction: NDArray[np.int8], mix: Mix, rng: np.random.Generator
) -> NDArray[np.int32]:
    """The party where it is no ordinary number, else -1."""
    rows = len(kind)
    chance = rng.random(rows)
    party = np.full(rows, -1, np.int32)
    call, sms = kind == CALL, kind == SMS

    def put(where: NDArray[np.bool_], low: float, high: float, first: int, count: int) -> None:
        chosen = where & (chance >= low) & (chance < high)
        party[chosen] = first + rng.integers(0, count, int(chosen.sum()))

    if mix.foreign:
        put(call, 0.00, 0.02, people.FIRST_UK, people.UK)
    if mix.codes:
        outbound = call & (direction == OUT)
        put(outbound, 0.02, 0.03, people.FIRST_SERVICE_CODE, len(people.SERVICE_CODES))
        put(outbound, 0.03, 0.045, people.RETRIEVAL, 1)
        put(sms, 0.02, 0.08, people.FIRST_SHORT_CODE, len(people.SHORT_CODES))
    if mix.withheld:
        put(call & (direction == IN), 0.05, 0.08, people.FIRST_WITHHELD, len(people.WITHHELD))
    return party


def _starts(count: int, period: Period, rng: np.random.Generator) -> NDArray[np.int64]:
    """Wall-clock seconds since 1970, busy on working days, quiet at night."""
    days = np.datetime64(period.first, "D") + np.arange(period.days)
    weekend = np.is_busday(days) == np.False_
    day_weight = np.where(weekend, 0.45, 1.0)
    day = np.searchsorted(np.cumsum(day_weight) / day_weight.sum(), rng.random(count))
    day = np.minimum(day, period.days - 1)
    chance = rng.random(count)
    hours = [
        np.searchsorted(np.cumsum(w) / w.sum(), chance) for w in (WORKDAY_HOURS, WEEKEND_HOURS)
    ]
    hour = np.minimum(np.where(weekend[day], hours[1], hours[0]), 23)
    first_day_s = days[0].astype("datetime64[s]").astype(np.int64)
    return np.asarray(
        first_day_s + day * 86_400 + hour * 3_600 + rng.integers(0, 3_600, count), np.int64
    )


def _outside_clock_changes(seconds: NDArray[np.int64], period: Period) -> NDArray[np.int64]:
    """Move what falls into an hour that the wall clock skips or repeats to three hours later.

    A time in such an hour cannot be read rightly by anybody where the zone's offset is not written.
    """
    moved = seconds.copy()
    zone = ZoneInfo(period.zone)
    # three days more than the period: acts may run on past its last midnight
    for day in range(-1, period.days + 3):
        midnight = datetime.combine(period.first + timedelta(days=day), datetime.min.time())
        offset = [(midnight + timedelta(days=d)).replace(tzinfo=zone).utcoffset() for d in (0, 1)]
        if offset[0] != offset[1]:
            low = int(np.datetime64(midnight, "s").astype(np.int64)) + 3_600
            moved = np.where((moved >= low) & (moved < low + 2 * 3_600), moved + 3 * 3_600, moved)
    return moved
