"""Truth-labelled carrier files on disk: from a specification to files, truth and facts, cached.

The one module of the generator that writes. What a file says comes from `callmodel`, the layout
modules and `assembly`. A specification and a generator version decide every byte.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import polars as pl

from pipeline_perf.extras import require
from pipeline_perf.spelling import meant
from pipeline_perf.synth import assembly, callmodel
from pipeline_perf.synth import population as people
from pipeline_perf.synth.assembly import TRUTH_SCHEMA, Records
from pipeline_perf.synth.callmodel import Period
from pipeline_perf.synth.carriers import elsewhere, freeswitch, services, switches, wholesale
from pipeline_perf.synth.carriers.att_bill import ATT_BILL_CSV
from pipeline_perf.synth.carriers.att_le import ATT_LE
from pipeline_perf.synth.carriers.avaya_cm import AVAYA_CM
from pipeline_perf.synth.carriers.bill_pdf import (
    ATT_BILL_PDF,
    SPRINT_BILL_PDF,
    TMOBILE_BILL_PDF,
    VERIZON_BILL_PDF,
    draw,
)
from pipeline_perf.synth.carriers.emi import EMI
from pipeline_perf.synth.carriers.legacy_fixed import legacy_fixed
from pipeline_perf.synth.carriers.sprint_le import SPRINT_LE
from pipeline_perf.synth.carriers.tmobile_le import TMOBILE_LE
from pipeline_perf.synth.carriers.verizon_le import VERIZON_LE
from pipeline_perf.synth.defects import DEFECTS
from pipeline_perf.synth.layout import Layout, Scene
from pipeline_perf.synth.pairs import pairs
from pipeline_perf.synth.population import populate
from pipeline_perf.synth.resending import HIGHEST_RATE, copies_wanted

#: Part of every cache key: raise it whenever the same specification would give other bytes.
GENERATOR_VERSION = 2

SecondFile = Literal["none", "overlap", "bill"]

#: Carrier (or switch, or platform) and format → what the generator knows of it.
LAYOUTS: dict[tuple[str, str], Layout] = {
    ("att", "csv"): ATT_LE,
    ("verizon", "csv"): VERIZON_LE,
    ("tmobile", "csv"): TMOBILE_LE,
    ("sprint", "csv"): SPRINT_LE,
    ("att", "bill_csv"): ATT_BILL_CSV,
    ("emi", "fixed"): EMI,
    ("avaya", "fixed"): AVAYA_CM,
    ("att", "pdf"): ATT_BILL_PDF,
    ("verizon", "pdf"): VERIZON_BILL_PDF,
    ("tmobile", "pdf"): TMOBILE_BILL_PDF,
    ("sprint", "pdf"): SPRINT_BILL_PDF,
    **{
        (carrier, "fixed"): legacy_fixed(carrier)
        for carrier in ("att", "verizon", "tmobile", "sprint")
    },
    ("att", "account_csv"): wholesale.ATT_ACCOUNT_CSV,
    ("att", "texts_csv"): wholesale.ATT_TEXTS_CSV,
    ("metropcs", "csv"): wholesale.METROPCS_LE,
    ("notional", "csv"): wholesale.NOTIONAL_LE,
    ("tmobile", "bill_csv"): wholesale.TMOBILE_CSV,
    ("verizon", "volte"): wholesale.VERIZON_VOLTE,
    ("ani_networks", "fixed"): wholesale.ANI_NETWORKS,
    ("qwest", "fixed"): wholesale.QWEST_DAILY,
    ("windstream", "tsv"): wholesale.WINDSTREAM,
    ("earthlink", "csv"): wholesale.EARTHLINK,
    ("3cx", "csv"): switches.THREE_CX,
    ("asterisk", "csv"): switches.ASTERISK,
    ("avaya", "csv"): switches.AVAYA_IPO,
    ("broadworks", "xml"): services.BROADWORKS_XML,
    ("cdrstats", "csv"): services.CDRSTATS,
    ("cisco", "csv"): switches.CISCO_CUCM,
    ("didww", "csv"): services.DIDWW,
    ("freeswitch", "csv"): freeswitch.CSV,
    ("freeswitch", "asterisk_csv"): freeswitch.ASTERISK,
    ("freeswitch", "opencdrrate_csv"): freeswitch.OPENCDRRATE,
    ("freeswitch", "sql"): freeswitch.SQL,
    ("freeswitch", "json"): freeswitch.JSON,
    ("freeswitch", "xml"): freeswitch.XML,
    ("google_voice", "html"): services.GOOGLE_VOICE,
    ("kamailio", "flatstore"): services.KAMAILIO,
    ("kamailio", "flatstore_3_1"): services.KAMAILIO_3_1,
    ("opensips", "flatstore"): services.OPENSIPS,
    ("mitel", "fixed"): switches.MITEL,
    ("panasonic", "fixed"): switches.PANASONIC,
    ("twilio", "csv"): services.TWILIO_CSV,
    ("twilio", "json"): services.TWILIO_JSON,
    ("aapt", "fixed"): elsewhere.AAPT,
    ("telstra", "fixed"): elsewhere.TELSTRA_LINX,
    ("vocus", "csv"): elsewhere.VOCUS,
    ("airtel", "csv"): elsewhere.AIRTEL_LE,
    ("fritzbox", "csv"): elsewhere.FRITZBOX,
    ("bandicoot", "csv"): elsewhere.BANDICOOT,
    ("cider", "csv"): elsewhere.CIDER,
}

FIRST_DAY = date(2023, 1, 2)
ROWS_PER_LINE_DAY = 70
MOST_DAYS = 357
#: A file about one line only grows longer, not denser, as far as that goes.
MOST_DAYS_OF_ONE_LINE = 5 * 365
MOST_LINES = 400

#: The columns of a dataset's defects: where each stands, what it is, and what must become of it.
DEFECT_SCHEMA: dict[str, pl.DataType] = {
    "file": pl.String(), "record_no": pl.Int64(), "field": pl.String(), "kind": pl.String(),
    "fate": pl.String(), "rule": pl.String(),
}  # fmt: skip


def _not_generated(carrier: str, form: str) -> str:
    """What to choose instead: of a known carrier its formats, else anything there is."""
    forms = [name for of, name in LAYOUTS if of == carrier]
    question = meant(form, forms) if forms else meant(carrier, (of for of, _ in LAYOUTS))
    pairs = [pair for pair in sorted(LAYOUTS) if not forms or pair[0] == carrier]
    known = ", ".join(" ".join(pair) for pair in pairs)
    return f"nothing generates {carrier} {form}{question}; choose one of: {known}"


@dataclass(frozen=True)
class DatasetSpec:
    """What to generate.

    `rows`: records of the first file, repeats included. `defect_rate`, `duplicate_rate`: shares of
    its records that are damaged, or repeat others (at most 0.15; from 200 records on). `second`: a
    second file that tells part of the same events again: `overlap` re-sends the last `second_share`
    of the first file and adds as many new records, `bill` is the consumer bill of the same line
    (AT&T csv only). `zone`: IANA name of the zone of the subscribers' clocks; for formats that
    state none it has to be told to the reader. Raises ValueError for what nothing generates.
    """

    carrier: str
    format: str
    rows: int
    seed: int = 1
    defect_rate: float = 0.01
    duplicate_rate: float = 0.01
    second: SecondFile = "none"
    second_share: float = 0.2
    zone: str = "America/New_York"

    def __post_init__(self) -> None:
        if (self.carrier, self.format) not in LAYOUTS:
            raise ValueError(_not_generated(self.carrier, self.format))
        if self.rows < 1:
            raise ValueError(f"rows must be at least 1, not {self.rows}")
        if not 0 <= self.defect_rate <= 0.5:
            raise ValueError(f"defect_rate is a share from 0 to 0.5, not {self.defect_rate}")
        if not 0 <= self.duplicate_rate <= HIGHEST_RATE:
            raise ValueError(
                f"duplicate_rate is a share from 0 to {HIGHEST_RATE}, not {self.duplicate_rate}"
            )
        if not 0 < self.second_share <= 1:
            raise ValueError(f"second_share is a share above 0, at most 1, not {self.second_share}")
        if self.second != "none" and self.format == "pdf":
            raise ValueError("a second file exists for text formats only, not for pdf")
        if self.second == "overlap" and LAYOUTS[self.carrier, self.format].ends:
            raise ValueError(
                "a second file of overlapping records exists for formats with one record a call"
                " only"
            )
        if self.second == "bill" and (self.carrier, self.format) != ("att", "csv"):
            raise ValueError("a bill as second file exists for carrier att, format csv only")

    @property
    def key(self) -> str:
        """16 hex digits that name the dataset: specification and generator version."""
        text = json.dumps(
            {"generator": GENERATOR_VERSION, **dataclasses.asdict(self)}, sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Dataset:
    """Files on disk with their truth.

    `events`, `duplicates` and `defects` are Parquet files: the truth about every record
    (TRUTH_SCHEMA), the pairs that tell one event, and what was damaged (DEFECT_SCHEMA). `facts`
    says what a reader's report must say, in all and under `files` per file: carrier, layout,
    records, furniture, lines, quarantined, and the zone and subscriber that it has to be told.
    """

    spec: DatasetSpec
    directory: Path
    files: list[Path]
    events: Path
    duplicates: Path
    defects: Path
    facts: dict[str, Any]


def generate(spec: DatasetSpec, root: Path) -> Dataset:
    """Write the dataset under `root`, or find it there: `root/<carrier>-<format>-<rows>-<key>/`.

    The directory appears complete or not at all; two processes may generate the same one at once.
    Raises OSError where it cannot be written.
    """
    directory = root / f"{spec.carrier}-{spec.format}-{spec.rows}-{spec.key}"
    if not (directory / "facts.json").exists():
        require("synth", "reportlab")
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".generating-", dir=root) as name:
            unfinished = Path(name) / "dataset"
            _write(spec, unfinished)
            try:
                unfinished.rename(directory)
            except OSError:
                # somebody else was faster: theirs is the same, byte for byte
                if not (directory / "facts.json").exists():
                    raise
    facts = json.loads((directory / "facts.json").read_text())
    truth = directory / "truth"
    return Dataset(
        spec=spec,
        directory=directory,
        files=[directory / file["name"] for file in facts["files"]],
        events=truth / "events.parquet",
        duplicates=truth / "duplicates.parquet",
        defects=truth / "defects.parquet",
        facts=facts,
    )


def _write(spec: DatasetSpec, directory: Path) -> None:
    truth, pieces = directory / "truth", directory / "pieces"
    pieces.mkdir(parents=True)
    facts: list[dict[str, Any]] = []
    stories = _stories(spec)
    names = [
        records.layout.file_name(records.scene, nth) for nth, records in enumerate(stories, start=1)
    ]
    for nth, (name, records) in enumerate(zip(names, stories, strict=True), start=1):
        write = _write_pdf if records.layout.print else _write_text
        digest = write(records, directory / name, pieces / f"{nth}")
        facts.append(_facts_of(records, name, digest))
    _join_truth(pieces, [fact["source_file_id"] for fact in facts], truth)
    shutil.rmtree(pieces)
    defects = pl.concat(map(_defects_of, stories, names))
    defects.write_parquet(truth / "defects.parquet")
    pairs(stories, names).write_parquet(truth / "duplicates.parquet")
    of_first = {key: facts[0][key] for key in ("carrier", "layout", "zone", "subscriber")}
    counted = ("records", "furniture", "lines", "quarantined")
    sums = {key: sum(fact[key] for fact in facts) for key in counted}
    summary = {**of_first, **sums, "files": facts}
    (directory / "facts.json").write_text(json.dumps(summary, indent=1) + "\n")


def _stories(spec: DatasetSpec) -> list[Records]:
    """The records of each file."""
    layout = LAYOUTS[spec.carrier, spec.format]
    # Streams of their own: other defects, or more repeats, happen to the same people.
    seeds = np.random.SeedSequence([spec.seed, *f"{spec.carrier} {spec.format}".encode()]).spawn(3)
    people_rng, calls_rng, damage_rng = (
        np.random.Generator(np.random.PCG64(seed)) for seed in seeds
    )
    # Where ends are told apart, what is sent again would pair with what it repeats.
    repeats = 0 if layout.ends else copies_wanted(spec.rows, spec.duplicate_rate)
    first = spec.rows - repeats
    again = max(round(first * spec.second_share), 1) if spec.second == "overlap" else 0
    lines, period = _extent(spec, layout, first + again)
    who = populate(lines, layout.network, people_rng)
    events = callmodel.events(first + again, layout.mix, period, who, calls_rng)
    events = events.with_row_index("event")
    if layout.ends:
        events = callmodel.with_ends(events, first)
    told_twice = (
        pl.col("event").is_between(first - again, first, closed="left") if again else pl.lit(False)
    )

    def tell(some: pl.DataFrame, layout: Layout, repeats: int, defect_rate: float) -> Records:
        scene = Scene(who, period, layout.notation(who.parties), layout.reads(who.parties))
        arranged = assembly.arrange(some, layout, spec.zone)
        spared = arranged.select(told_twice.alias("spared"), pl.col("event"))["spared"]
        return assembly.compose(
            arranged,
            layout,
            scene,
            repeats=repeats,
            defect_rate=defect_rate,
            rng=damage_rng,
            spared=spared,
        )

    stories = [tell(events[:first], layout, repeats, spec.defect_rate)]
    if spec.second == "overlap":
        stories.append(tell(events[first - again :], layout, 0, spec.defect_rate))
    if spec.second == "bill":
        # Damage to the bill would leave nothing to compare: every row of it is told in the report
        # too.
        stories.append(tell(events.filter(_billed()), ATT_BILL_CSV, 0, 0.0))
    return stories


def _billed() -> pl.Expr:
    """What the consumer bill of a line lists of its events, and names the other party of."""
    single = pl.col("leg") == callmodel.SINGLE
    between_numbers = pl.col("partner") < people.FIRST_SHORT_CODE
    return (pl.col("kind") == callmodel.CALL) & pl.col("answered") & single & between_numbers


def _extent(spec: DatasetSpec, layout: Layout, rows: int) -> tuple[int, Period]:
    """How many lines the events spread over, and how many days."""
    one_line = layout.one_line or spec.second == "bill"
    lines = 1 if one_line else min(max(rows // layout.rows_per_line, 1), MOST_LINES)
    if layout.cycle:
        return lines, Period(*layout.cycle, spec.zone)
    most_days = MOST_DAYS_OF_ONE_LINE if lines == 1 else MOST_DAYS
    days = min(rows // lines // ROWS_PER_LINE_DAY + 1, most_days)
    return lines, Period(FIRST_DAY, days, spec.zone)


class _Hashing:
    """A binary file that keeps the SHA-256 of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self.file.write(data)


def _write_text(records: Records, path: Path, truth_stem: Path) -> str:
    """Write the file and its truth in pieces; return the hash of its bytes."""
    newline = records.layout.newline
    pending = iter(records.sections)
    section = next(pending, None)
    with path.open("wb") as file:
        out = _Hashing(file)
        for nth, (start, stop) in enumerate(assembly.chunks(records)):
            lines = assembly.lines(records, start, stop)
            at = start
            while at < stop and section is not None:
                if at == section.start:
                    out.write("".join(line + newline for line in section.head).encode())
                upto = min(section.stop, stop)
                out.write(_encoded(lines[at - start : upto - start], newline))
                at = upto
                if at == section.stop:
                    out.write("".join(line + newline for line in section.foot).encode())
                    section = next(pending, None)
            assembly.truth(records, start, stop, path.name).write_parquet(
                truth_stem.with_name(f"{truth_stem.name}-{nth:05d}.parquet")
            )
    return out.digest.hexdigest()


def _write_pdf(records: Records, path: Path, truth_stem: Path) -> str:
    """Print the file whole: a bill is small, and a day's date may stand rows before its calls."""
    rows = assembly.lines(records, 0, records.frame.height).to_list()
    with path.open("wb") as file:
        draw(file, records.sections, rows, records.layout)
    assembly.truth(records, 0, records.frame.height, path.name).write_parquet(
        truth_stem.with_name(f"{truth_stem.name}-0.parquet")
    )
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _encoded(lines: pl.Series, newline: str) -> bytes:
    return str(lines.str.join(newline)[0]).encode() + newline.encode()


def _join_truth(pieces: Path, ids: list[str], truth: Path) -> None:
    """One Parquet file of all pieces, each row with the id of its file's bytes."""
    truth.mkdir()
    frames = [
        pl.scan_parquet(sorted(pieces.glob(f"{nth}-*.parquet")))
        .with_columns(source_file_id=pl.lit(source))
        .select(list(TRUTH_SCHEMA))
        for nth, source in enumerate(ids, start=1)
    ]
    pl.concat(frames).sink_parquet(
        truth / "events.parquet", maintain_order=True, row_group_size=assembly.CHUNK_ROWS
    )


def _facts_of(records: Records, name: str, digest: str) -> dict[str, Any]:
    layout, scene = records.layout, records.scene
    count = records.frame.height
    return {
        "name": name,
        "source_file_id": digest[:16],
        "carrier": layout.carrier,
        "layout": layout.id,
        "records": count,
        "furniture": records.furniture,
        # A page has no lines of its own: what is printed beside the records counts as furniture.
        "lines": count + records.furniture,
        "quarantined": int((assembly.fates(records.defect) == "quarantined").sum()),
        # What the reader has to be told because the file does not say it; null where it does.
        "zone": None if layout.zone else scene.period.zone,
        "subscriber": scene.number_of_line(0) if layout.needs_subscriber else None,
    }


def _defects_of(records: Records, name: str) -> pl.DataFrame:
    rows = []
    for at in np.flatnonzero(records.defect >= 0):
        defect, record_no = DEFECTS[records.defect[at]], int(records.record_no[at])
        rows.append((name, record_no, defect.field, defect.kind, defect.fate, defect.rule))
    return pl.DataFrame(rows, schema=DEFECT_SCHEMA, orient="row")
