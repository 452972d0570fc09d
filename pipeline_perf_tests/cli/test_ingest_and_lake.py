"""The command line as other tools and people rely on it: its exit codes, its JSON, its words."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from reportlab.pdfgen.canvas import Canvas

from pipeline_perf import events
from pipeline_perf.synth.dataset import DatasetSpec, generate
from pipeline_perf_tests.command import COMMAND, ENVIRONMENT, NUMBER, ingest, run

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[2] / "data/samples"

KEYS = [
    "file", "source_file_id", "status", "carrier", "layout", "records", "events", "by_type",
    "quarantined", "duplicates", "furniture", "seconds", "reason", "unmapped", "zone_assumed",
]  # fmt: skip

UNKNOWN = "when,who,whom,how long\n" + "".join(
    f"2024-01-0{day} 10:00,2125550101,2125550102,60\n" for day in range(1, 10)
)


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(
        DatasetSpec("att", "csv", 600, defect_rate=0.03), tmp_path_factory.mktemp("data")
    ).files[0]


@pytest.fixture(scope="module")
def lake(report_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake") / "lake"
    [report] = ingest(report_file, "--lake", root)
    assert report["quarantined"] > 0
    return root


@pytest.fixture
def unknown_file(tmp_path: Path) -> Path:
    path = tmp_path / "unknown.csv"
    path.write_text(UNKNOWN)
    return path


# --------------------------------------------------------------------------- ingest


def test_a_report_has_the_stated_keys_in_their_order_and_adds_up(
    report_file: Path, tmp_path: Path
) -> None:
    [report] = ingest(report_file, "--lake", tmp_path / "lake")
    assert list(report) == KEYS
    assert list(report["by_type"]) == list(events.EVENT_TYPES)
    assert report["status"] == "ingested"
    assert (report["carrier"], report["layout"]) == ("att", "att_le_mobility")
    assert report["file"] == str(report_file)
    assert report["records"] == 600 == report["events"] + report["quarantined"]
    assert sum(report["by_type"].values()) == report["events"]


def test_every_kind_of_report_has_the_same_keys(
    report_file: Path, unknown_file: Path, lake: Path, tmp_path: Path
) -> None:
    reports = ingest(report_file, unknown_file, tmp_path / "none.csv", "--lake", lake, exit_code=1)
    assert [report["status"] for report in reports] == [
        "already_ingested",
        "needs_mapping",
        "rejected",
    ]
    assert all(list(report) == KEYS for report in reports)


def test_exit_codes_tell_done_needs_mapping_usage_and_failed_apart(
    report_file: Path, unknown_file: Path, lake: Path
) -> None:
    assert run("ingest", report_file, "--lake", lake).returncode == 0  # it already was
    assert run("ingest", report_file, unknown_file, "--lake", lake).returncode == 3
    assert run("ingest", unknown_file, "none.csv", report_file, "--lake", lake).returncode == 1
    assert run("ingest", "--lake", lake).returncode == 2


def test_a_failed_file_does_not_keep_the_others_from_being_done(
    report_file: Path, tmp_path: Path
) -> None:
    reports = ingest("none.csv", report_file, "--lake", tmp_path / "lake", exit_code=1)
    assert [report["status"] for report in reports] == ["rejected", "ingested"]


def test_the_same_file_named_twice_is_ingested_once(report_file: Path, tmp_path: Path) -> None:
    first, second = ingest(report_file, report_file, "--lake", tmp_path / "lake")
    assert (first["status"], second["status"]) == ("ingested", "already_ingested")
    assert {key: first[key] for key in KEYS[5:11]} == {key: second[key] for key in KEYS[5:11]}


def test_the_summary_says_what_came_of_a_file_and_shows_no_number(
    report_file: Path, unknown_file: Path, tmp_path: Path
) -> None:
    headless = tmp_path / "headless.csv"
    headless.write_text("2125550101,2125550102,60\n" * 20)
    done = run("ingest", report_file, unknown_file, headless, "--lake", tmp_path / "lake")
    assert f"{report_file}  ingested  att · att_le_mobility" in done.stdout
    assert "rows/s" not in done.stdout  # of so few, it would be the rate of the start
    assert "\n3 files: 1 ingested, 2 needs_mapping\n" in done.stdout
    assert f"{unknown_file}  needs_mapping" in done.stdout
    assert "no layout knows these 4 columns: when, who, whom, how long" in done.stdout
    assert "started_at: {column: 'when', formats: ['%Y-%m-%d %H:%M']}" in done.stdout
    assert done.stderr == ""
    assert not NUMBER.search(done.stdout)


def test_titles_are_shown_as_they_stand_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(UNKNOWN.replace("who,whom", "wh:x:o,whom:M:[b]"))
    shown = run("ingest", path, "--lake", tmp_path / "lake").stdout
    assert "'wh:x:o'" in shown and "whom:M:[b]" in shown and "M:S, H:M:S" in shown


def test_a_terminal_shows_rows_per_second_and_gets_its_cursor_back(
    report_file: Path, tmp_path: Path
) -> None:
    leader, follower = pty.openpty()
    # a name is a name, and no colour
    named = shutil.copy(report_file, tmp_path / "[red]calls.csv")
    command = [
        *COMMAND,
        "ingest",
        str(named),
        "--lake",
        str(tmp_path / "lake"),
        "--chunk-mib",
        "0.02",
    ]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=follower,
        env=ENVIRONMENT | {"TERM": "xterm", "COLUMNS": "120"},
    ) as bar:
        os.close(follower)
        seen = b""
        with contextlib.suppress(OSError):  # raised when the other end is closed
            while True:
                seen += os.read(leader, 4096)
    os.close(leader)
    assert bar.returncode == 0
    assert b"rows/s" in seen
    assert b"[red]calls.csv" in seen
    assert b"\x1b[?25h" in seen


def test_chunks_of_any_size_give_the_same_events(
    report_file: Path, lake: Path, tmp_path: Path
) -> None:
    ingest(report_file, "--lake", tmp_path / "lake", "--chunk-mib", "0.02")
    one, other = (
        pl.read_csv(StringIO(run("events", "--lake", root).stdout))
        for root in (lake, tmp_path / "lake")
    )
    of_calls = ["call_id", "leg_no"]  # legs are put together within a chunk
    assert one.drop(of_calls).equals(other.drop(of_calls))


# ------------------------- options that make no sense


@pytest.mark.parametrize(
    "nonsense",
    [
        ["--zone", "Mars/Olympus"], ["--zone", ""], ["--zone", "America"], ["--zone", "posixrules"],
        ["--zone", "../UTC"], ["--zone", "EST"], ["--zone", "Etc/GMT"], ["--zone", "pst"],
        ["--subscriber", "5550101"], ["--subscriber", "+0123456789"],
        ["--subscriber", "Restricted"],
        ["--chunk-mib", "0"], ["--layouts", "no-such-folder"], ["--lake", ""],
    ],
)  # fmt: skip
def test_nonsense_is_a_usage_error_that_says_what_to_write(
    nonsense: list[str], report_file: Path, tmp_path: Path
) -> None:
    done = run("ingest", report_file, "--lake", tmp_path / "lake", *nonsense)
    assert done.returncode == 2
    assert "Error: " in done.stderr
    assert not (tmp_path / "lake").exists()


def test_a_zone_that_is_half_of_a_place_s_year_is_asked_about(
    report_file: Path, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    asked = run("ingest", report_file, "--lake", lake, "--zone", "EST")
    assert asked.returncode == 2
    assert "America/New_York, or Etc/GMT+5 where the clock is never changed" in asked.stderr
    told = run("ingest", report_file, "--lake", lake, "--zone", "Etc/GMT+5")
    assert told.returncode == 0
    assert "Etc/GMT+5 is 5 h behind UTC all the year" in told.stderr


def test_a_zone_that_was_assumed_is_told_to_programs_too(tmp_path: Path) -> None:
    bill = SAMPLES / "tmobile_bill_1.pdf"
    [assumed] = ingest(bill, "--lake", tmp_path / "one")
    [stated] = ingest(bill, "--lake", tmp_path / "other", "--zone", "America/New_York")
    [again] = ingest(bill, "--lake", tmp_path / "other")
    assert [one["zone_assumed"] for one in (assumed, stated, again)] == [True, False, None]


# ------------------------- folders


def test_a_folder_gives_all_its_files_and_says_what_it_skips(
    report_file: Path, unknown_file: Path, tmp_path: Path
) -> None:
    folder, lake = tmp_path / "from the carrier", tmp_path / "from the carrier" / "lake"
    (folder / "june").mkdir(parents=True)
    shutil.copy(report_file, folder / "june" / "records.txt")
    shutil.copy(unknown_file, folder)
    for name in (".hidden.csv", "late.csv.part"):
        (folder / name).write_text("x")
    (folder / "link").symlink_to(tmp_path)
    first = run("ingest", folder, "--lake", lake)
    assert first.returncode == 3
    assert f"{folder}/june/records.txt  ingested" in first.stdout
    assert f"{folder}/unknown.csv  needs_mapping" in first.stdout
    for name, why in (
        (".hidden.csv", "hidden"),
        ("late.csv.part", "not wholly transferred yet"),
        ("link", "a link to a folder"),
    ):
        assert f"{folder}/{name}  skipped: {why}" in first.stderr
    again = run("ingest", folder, "--lake", lake)
    assert f"{folder}/lake/events  skipped: a table of a lake" in again.stderr


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    done = run("ingest", tmp_path / "inbox", "--lake", tmp_path / "lake")
    assert (done.returncode, done.stdout) == (0, "")
    assert "holds no files to read" in done.stderr


# ------------------------- terminals


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_of_another_encoding_is_shown_what_it_can_show(
    encoding: str, report_file: Path, tmp_path: Path
) -> None:
    files = [tmp_path / "Zürich №5.csv", tmp_path / "плохо.csv"]
    for path in files:
        shutil.copy(report_file, path)
    environment = ENVIRONMENT | {"PYTHONIOENCODING": encoding}
    # what click writes to an ASCII terminal is UTF-8 all the same
    given = {"env": environment, "encoding": "utf-8" if encoding == "ascii" else encoding}
    lake = tmp_path / "lake"
    done = run("ingest", *files, "--lake", lake, **given)
    assert done.returncode == 0
    assert "ingested  att " in done.stdout
    reports = ingest(*files, "--lake", lake, **given)
    assert [report["file"] for report in reports] == [str(path) for path in files]
    assert run("quarantine", "--lake", lake, **given).returncode == 0
    assert run("layouts", "list", **given).returncode == 0
    shown = run("layouts", "show", "fritzbox", env=environment, encoding="utf-8")
    assert shown.stdout == run("layouts", "show", "fritzbox").stdout


def test_a_hint_says_how_the_program_was_called(report_file: Path, tmp_path: Path) -> None:
    here = {"cwd": tmp_path}
    assert "-m pipeline_perf quarantine" in run("ingest", report_file, **here).stdout
    script = Path(sys.executable).with_name("pipeline-perf")
    (tmp_path / "tools").symlink_to(script.parent)
    for typed, path, hint in (
        ("tools/pipeline-perf", "/usr/bin:/bin", "see tools/pipeline-perf quarantine"),
        ("pipeline-perf", f"{script.parent}:/usr/bin:/bin", "see pipeline-perf quarantine"),
    ):
        done = subprocess.run(
            [typed, "ingest", report_file],
            cwd=tmp_path,
            env=ENVIRONMENT | {"PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert hint in done.stdout


@pytest.mark.parametrize("group", [[], ["bench"], ["bench", "baseline"], ["layouts"]])
def test_no_help_text_is_cut(group: list[str]) -> None:
    listed = run(*group, "--help").stdout.partition("Commands:")[2]
    assert listed and "..." not in listed


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("layouts show att_", {"att_bill_csv", "att_le_mobility"}),
        ("generate --carrier v", {"verizon"}),
        ("generate csv_", {"csv_1k", "csv_100k"}),
        ("bench run csv_1", {"csv_1k", "csv_100k"}),
        ("bench profile ingest.csv_1", {"ingest.csv_1k"}),
    ],
)
def test_a_shell_completes_layouts_carriers_scenarios_and_workloads(
    words: str, names: set[str]
) -> None:
    typed = f"pipeline-perf {words}"
    environment = {
        "_PIPELINE_PERF_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    done = subprocess.run(
        [Path(sys.executable).with_name("pipeline-perf")],
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert names <= {line.removeprefix("plain,") for line in done.stdout.splitlines()}


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("layouts", "show", "att_le_moblity"), "att_le_mobility"),
        (("generate", "--carrier", "verzion", "--format", "csv", "--rows", "9"), "verizon"),
        (("generate", "csv_100"), "csv_100k"),
        (("bench", "run", "csv_10kk"), "csv_10k"),
        (("bench", "compare", "HEAD", "--scenario", "csv_10kk"), "csv_10k"),
        (("events", "--type", "calls"), "call"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_one_that_was_meant(
    arguments: tuple[str, ...], name: str
) -> None:
    done = run(*arguments)
    assert done.returncode in (1, 2)
    assert re.search(rf"\(did you mean ([^)]+ or )?{name}( or [^)]+)?\?\)", done.stderr)


def test_a_carrier_that_the_lake_does_not_hold_is_told(lake: Path) -> None:
    done = run("events", "--lake", lake, "--carrier", "attt", "--carrier", "att")
    assert done.returncode == 0
    assert "the lake holds no file of carrier attt (did you mean att?)" in done.stderr
    assert run("events", "--lake", lake, "--carrier", "att").stderr.count("carrier") == 0


# --------------------------------------------------------------------------- events and quarantine


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_events_come_whole_and_in_the_order_of_time_in_every_format(
    form: str, lake: Path, report_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new folder" / f"events.{form}"
    done = run("events", "--lake", lake, "-o", out)
    assert done.returncode == 0
    assert f"made the folder {out.parent}\nwrote " in done.stderr
    assert f" events to {out}\n" in done.stderr
    if form == "json":
        frame = pl.DataFrame(
            [json.loads(line) for line in out.read_text().splitlines()], infer_schema_length=None
        )
    else:
        frame = pl.read_csv(out) if form == "csv" else pl.read_parquet(out)
    assert [name for name in frame.columns if name != "file"] == list(events.COLUMNS)
    assert set(frame["file"]) == {str(report_file)}
    assert frame["record_no"].n_unique() == frame.height > 500
    assert frame["started_at"].is_sorted()
    assert frame["from_number"].drop_nulls().str.contains("555").any()


EXPORTS = (
    ("events", "calls.csv"),
    ("events", "calls.json"),
    ("events", "calls.parquet"),
    ("events", "--summary", "calls.html"),
    ("quarantine", "records.csv"),
    ("quarantine", "records.json"),
    ("quarantine", "records.parquet"),
)


@pytest.mark.parametrize(("command", "name"), [(given[:-1], given[-1]) for given in EXPORTS])
def test_an_export_is_its_owners_alone_and_says_how_many_rows_went_where(
    command: tuple[str, ...], name: str, lake: Path, tmp_path: Path
) -> None:
    out = tmp_path / name
    out.write_text("what was exported before, for all to read")
    out.chmod(0o644)
    done = run(*command, "--lake", lake, "-o", out)
    assert done.returncode == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [name]
    what = "counted event" if "--summary" in command else command[0].removesuffix("s")
    what = "record" if command[0] == "quarantine" else what
    (wrote,) = [line for line in done.stderr.splitlines() if line.startswith("wrote ")]
    said = re.fullmatch(rf"wrote (\d+) {what}(s?) to {re.escape(str(out))}", wrote)
    assert said and (said[1] == "1") is not bool(said[2])
    if name.endswith(".parquet"):
        assert pl.read_parquet(out).height == int(said[1])


@pytest.mark.parametrize("command", [given[:-1] for given in EXPORTS[2:5]])
def test_an_export_into_a_folder_that_cannot_be_is_one_error(
    command: tuple[str, ...], lake: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder").write_text("no folder")
    ending = "html" if "--summary" in command else "csv"
    out = tmp_path / "folder" / f"calls.{ending}"
    done = run(*command, "--lake", lake, "-o", out)
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: {out}: cannot be written (a file stands where its folder would be); name a file"
        " in a folder that you may write to\n"
    )


def test_an_export_that_fails_leaves_what_was_there(lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "calls.csv"
    out.write_text("what was exported before")
    command = [sys.executable, "-m", "pipeline_perf", "events", "--lake", lake, "-o", out]
    little_room = shlex.join(["ulimit", "-f", "8"]) + " && exec " + shlex.join(map(str, command))
    done = subprocess.run(
        ["bash", "-c", little_room], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "cannot be read or written (File too large" in done.stderr
    assert out.read_text() == "what was exported before"
    assert list(tmp_path.iterdir()) == [out]


def test_an_export_goes_through_a_link_and_into_a_device(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "calls.csv")
    assert run("events", "--lake", lake, "-o", tmp_path / "link.csv").returncode == 0
    assert (tmp_path / "link.csv").is_symlink()
    text = (tmp_path / "calls.csv").read_text()
    there = run("events", "--lake", lake, "--format", "csv", "-o", "/dev/stdout")
    assert there.stdout == text


def test_standard_output_gets_the_same_csv_as_a_file(lake: Path, tmp_path: Path) -> None:
    run("events", "--lake", lake, "-o", tmp_path / "events.csv")
    assert run("events", "--lake", lake).stdout == (tmp_path / "events.csv").read_text()


def test_distinct_leaves_out_what_is_told_again(lake: Path) -> None:
    every = pl.read_csv(StringIO(run("events", "--lake", lake).stdout))
    distinct = pl.read_csv(StringIO(run("events", "--lake", lake, "--distinct").stdout))
    assert distinct.height == every["duplicate_of"].null_count() < every.height
    again = every.height - distinct.height
    said = f"{again} of {every.height} rows tell a call that another row tells"
    assert said in run("events", "--lake", lake).stderr
    assert run("events", "--lake", lake, "--distinct").stderr == ""


def exported(lake: Path, *arguments: object) -> pl.DataFrame:
    done = run("events", "--lake", lake, *arguments)
    assert done.returncode == 0, done.stderr
    return pl.read_csv(StringIO(done.stdout), infer_schema=False)


def test_events_are_chosen_by_time_party_kind_carrier_and_file(lake: Path) -> None:
    every = exported(lake)
    day, number = every["started_at"][300][:10], every["from_number"].drop_nulls()[0]
    chosen = {
        ("--from", day): pl.col("started_at") >= day,
        ("--to", day): pl.col("started_at").str.head(10) <= day,
        ("--from", f"{day}T12:00", "--to", f"{day}T18:00"): pl.col("started_at").is_between(
            pl.lit(f"{day}T12:00"), pl.lit(f"{day}T18:00"), closed="left"
        ),
        ("--number", number): pl.any_horizontal(
            pl.col("from_number", "to_number", "subscriber_number") == number
        ),
        ("--type", "sms"): pl.col("event_type") == "sms",
        ("--type", "sms", "--type", "data"): pl.col("event_type").is_in(["sms", "data"]),
        ("--carrier", "att"): pl.lit(True),
        ("--carrier", "none"): pl.lit(False),
        ("--file", every["source_file_id"][0][:8]): pl.lit(True),
        ("--file", Path(every["file"][0]).name, "--type", "mms"): pl.col("event_type") == "mms",
    }
    for arguments, expected in chosen.items():
        assert exported(lake, *arguments).equals(every.filter(expected)), arguments
    assert 0 < exported(lake, "--from", day, "--to", day).height < every.height
    assert exported(lake, "--number", number.removeprefix("+1")).equals(
        exported(lake, "--number", number)
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "yesterday"], "write for example 2024-01-31"),
        (["-o", "calls.xlsx"], "name it .csv, .json, .parquet, or choose --format"),
        (["--summary", "-o", "calls.csv"], "name it .html"),
        (["--type", "text"], "--type text: none of call, sms, mms, data, voicemail, other"),
    ],
)
def test_what_cannot_be_chosen_or_written_is_a_usage_error(
    arguments: list[str], said: str, lake: Path
) -> None:
    done = run("events", "--lake", lake, *arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_an_unknown_file_is_said_so(lake: Path) -> None:
    for command in (["events", "--file", "none.csv"], ["forget", "none.csv"]):
        done = run(*command, "--lake", lake)
        assert done.returncode == 1
        assert re.search("holds no file 'none.csv'; `.* files` lists", done.stderr)


def test_a_summary_counts_each_call_once_and_shows_no_number(lake: Path, tmp_path: Path) -> None:
    calls = exported(lake, "--distinct", "--type", "call")
    done = run("events", "--lake", lake, "--summary")
    assert done.stdout.startswith(f"{calls.height} events (call), each told once\n")
    for name, counted in (
        ("month", calls["started_at_local"].str.head(7)),
        ("hour", calls["started_at_local"].str.slice(11, 2)),
    ):
        told = done.stdout.partition(f"\n{name}")[2].partition("\n\n")[0].splitlines()[1:]
        counts = {line.split()[0]: int(line.split()[1]) for line in told}
        assert {key: n for key, n in counts.items() if n} == dict(
            counted.value_counts().iter_rows()
        )
    page = tmp_path / "calls.html"
    run("events", "--lake", lake, "--summary", "-o", page)
    for text in (done.stdout, page.read_text()):
        assert "•••••••01" in text
        assert not NUMBER.search(text)
    assert page.read_text().count("<svg") >= 4
    some = run("events", "--lake", lake, "--summary", "--type", "sms", "--type", "mms").stdout
    assert "events (sms, mms), each told once" in some


def test_files_are_listed_and_forgotten_by_bytes_name_or_id(
    report_file: Path, tmp_path: Path
) -> None:
    root = tmp_path / "lake"
    copy = tmp_path / "of 2125550101.csv"
    copy.write_bytes(report_file.read_bytes() + b"\r\n")
    ingest(report_file, copy, "--lake", root)
    table = run("files", "--lake", root).stdout
    assert str(report_file) in table and "of •••••••0101.csv" in table
    listed = [
        json.loads(line) for line in run("files", "--lake", root, "--json").stdout.split("\n")[:-1]
    ]
    assert [row["file"] for row in listed] == [str(report_file), str(copy)]
    assert listed[1]["duplicates"] == listed[1]["events"] == sum(listed[1]["by_type"].values())
    moved = tmp_path / "moved.csv"
    moved.write_bytes(report_file.read_bytes())
    for wanted in (moved, copy.name):
        done = run("forget", wanted, "--lake", root)
        assert (done.returncode, done.stdout.count("  forgotten  ")) == (0, 1)
        assert not NUMBER.search(done.stdout)
    assert run("files", "--lake", root).stdout == "no files\n"
    [report] = ingest(report_file, "--lake", root)
    assert report["status"] == "ingested"
    done = run("forget", listed[0]["source_file_id"], "--lake", root)
    assert done.returncode == 0
    assert exported(root).height == 0


def test_a_file_ingested_again_is_read_with_the_options_of_now(
    report_file: Path, tmp_path: Path
) -> None:
    root = tmp_path / "lake"
    ingest(report_file, "--lake", root, "--tenant", "one")
    said = run("ingest", report_file, "--lake", root, "--tenant", "two").stdout
    assert "the options given now change nothing: `ingest --again`" in said
    [report] = ingest(report_file, "--lake", root, "--tenant", "two", "--again")
    assert report["status"] == "ingested"
    assert set(exported(root)["tenant"]) == {"two"}


def test_an_already_ingested_file_says_that_its_layout_was_changed(tmp_path: Path) -> None:
    own = tmp_path / "layouts"
    own.mkdir()
    calls = tmp_path / "calls.csv"
    calls.write_text(UNKNOWN)
    draft = run("layouts", "draft", calls).stdout
    layout = own / "house.yaml"
    layout.write_text(draft.replace("'???'", "'who'"))
    given = (calls, "--lake", tmp_path / "lake", "--layouts", own)
    [report] = ingest(*given)
    assert report["status"] == "ingested", report
    assert "since then" not in run("ingest", *given).stdout
    layout.write_text(re.sub(r"(?m)^title: .*", "title: mended", layout.read_text()))
    said = run("ingest", *given).stdout
    assert "was changed: `ingest --again` reads it anew" in said
    layout.unlink()
    assert "has gone: `ingest --again` reads it anew" in run("ingest", *given).stdout


@pytest.mark.parametrize(("mask", "modes"), [(None, {0o700, 0o600}), ("027", {0o750, 0o640})])
def test_what_is_written_is_its_owners_alone_unless_told_otherwise(
    mask: str | None, modes: set[int], report_file: Path, tmp_path: Path
) -> None:
    environment = ENVIRONMENT | ({"PIPELINE_PERF_UMASK": mask} if mask else {})
    place = tmp_path / "here"
    for command in (
        ["ingest", report_file],
        ["events", "-o", place / "out" / "events.csv"],
        ["events", "-o", place / "out" / "events.parquet"],
        ["events", "--summary", "-o", place / "out" / "calls.html"],
    ):
        done = run(*command, "--lake", place / "lake", env=environment)
        assert done.returncode == 0, done.stderr
    made = [place, *place.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in made} == modes
    assert run("files", env=ENVIRONMENT | {"PIPELINE_PERF_UMASK": "8"}).returncode == 1


def test_the_quarantine_table_masks_numbers_and_the_exports_do_not(lake: Path) -> None:
    table = run("quarantine", "--lake", lake).stdout
    assert "•••••••0" in table
    assert not NUMBER.search(table)
    assert NUMBER.search(run("quarantine", "--lake", lake, "--unmasked").stdout)
    rows = [
        json.loads(line)
        for line in run("quarantine", "--lake", lake, "--format", "json").stdout.splitlines()
    ]
    assert any("55501" in row["raw"] for row in rows)
    assert all(row["rule"] and row["reason"] and row["record_no"] for row in rows)
    csv = pl.read_csv(StringIO(run("quarantine", "--lake", lake, "--format", "csv").stdout))
    assert csv.height == len(rows)


def test_nothing_of_a_file_brings_a_number_to_the_screen(tmp_path: Path) -> None:
    numbers = ("020 7555 0101", "44-20-7555-0101", "id2125550101x")
    record = f"no date,{','.join(numbers)}\n"
    archive, lake = tmp_path / "of 020 7555 0101.zip", tmp_path / "lake"
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("calls of 44-20-7555-0101.csv", UNKNOWN)
        members.writestr("id2125550101x.csv", "when,from,to,who\n" + record * 9)
    canvas = Canvas(str(bill := tmp_path / "bill_020.7555.0101.pdf"))
    canvas.drawString(72, 720, "Bill for 020 7555 0101")
    canvas.save()
    (broken := tmp_path / "2125550101.gz").write_bytes(b"\x1f\x8b")
    said = ""
    for command in (
        ["ingest", "--lake", lake],
        ["probe"],
        ["layouts", "check"],
        ["layouts", "draft"],
    ):
        for file in (archive, bill, broken):
            done = run(*command, file)
            said += done.stdout + done.stderr
    (layout := tmp_path / "mine.yaml").write_text(run("layouts", "draft", archive).stdout)
    layout.write_text(layout.read_text().replace("'???'", "'who'"))
    said += run("layouts", "check", layout, archive).stdout
    assert [line for line in said.splitlines() if NUMBER.search(line)] == []
    assert "of •••••••0101.zip!calls of •••••••0101.csv" in said
    assert "it begins 'Bill for •••••••0101'" in said
    assert "•••••••0101.gz" in said


def test_a_foreign_record_cannot_command_the_terminal(tmp_path: Path, report_file: Path) -> None:
    evil = tmp_path / "evil.txt"
    evil.write_bytes(report_file.read_bytes() + b"999,\x1b]0;owned\x07\x1b[31m,nonsense\n")
    ingest(evil, "--lake", tmp_path / "lake")
    table = run("quarantine", "--lake", tmp_path / "lake").stdout
    assert "␛" in table
    assert "\x1b" not in table


@pytest.mark.parametrize("command", ["events", "quarantine"])
def test_a_place_without_a_lake_is_said_so(command: str, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none", Path(__file__)):
        done = run(command, "--lake", place)
        assert done.returncode == 1
        assert f"{place}: no lake here" in done.stderr


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_full_disk_ends_an_export_with_one_line(form: str, lake: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = run(
            "events",
            "--lake",
            lake,
            "--format",
            form,
            stdout=full,
            stderr=subprocess.PIPE,
            capture_output=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: standard output")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_has_seen_enough_ends_an_export_quietly(lake: Path) -> None:
    command = f"{shlex.join([*COMMAND, 'events', '--lake', str(lake)])} | head -n 1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=True
    )
    assert done.stdout.startswith("event_id,")
    assert done.stderr == ""


def test_help_says_that_exports_are_not_masked() -> None:
    assert "in full" in run("events", "--help").stdout
    assert "in full" in run("quarantine", "--help").stdout


# --------------------------------------------------------------------------- layouts


def test_layouts_are_listed_and_shown() -> None:
    listed = run("layouts", "list").stdout
    assert run("layouts").stdout == listed
    assert "att_le_mobility" in listed
    assert "\nid: emi\n" in "\n" + run("layouts", "show", "emi").stdout
    unknown = run("layouts", "show", "none")
    assert unknown.returncode == 1
    assert "there is no layout 'none'" in unknown.stderr


def test_a_broken_layout_of_one_s_own_does_not_stop_a_look_at_another(tmp_path: Path) -> None:
    own = tmp_path / "layouts"
    own.mkdir()
    (own / "broken.yaml").write_text("id: x\ncolour: green\n")
    (own / "mine.yaml").write_text(
        run("layouts", "show", "emi").stdout.replace("id: emi", "id: mine")
    )
    for name in ("emi", "mine"):
        done = run("layouts", "--layouts", own, "show", name)
        assert done.returncode == 0
        assert done.stdout.startswith("id: ") or f"\nid: {name}\n" in done.stdout
        assert f"Warning: {own / 'broken.yaml'}, line 1: the layout lacks carrier, " in done.stderr
    assert run("layouts", "--layouts", own, "show", "../emi").returncode == 1


def test_a_layout_is_checked_by_line(tmp_path: Path) -> None:
    sound, unsound = tmp_path / "mine.yaml", tmp_path / "bad.yml"
    sound.write_text(run("layouts", "show", "verizon_le").stdout)
    unsound.write_text("id: x\ncarrier: y\ncolour: green\nshape: round\n")
    assert run("layouts", "check", sound).returncode == 0
    done = run("layouts", "check", unsound)
    assert done.returncode == 1
    assert f"{unsound}, line 3: unknown key 'colour'" in done.stderr
    assert f"{unsound}, line 4: unknown key 'shape'" in done.stderr
    assert run("layouts", "check", tmp_path / "none.yaml").returncode == 1


def test_a_file_of_records_is_told_its_layout_in_one_line(report_file: Path) -> None:
    done = run("layouts", "check", report_file)
    assert done.returncode == 0
    assert done.stdout == f"{report_file.name}: fits att_le_mobility\n"


def test_a_file_that_fits_nowhere_is_told_what_it_lacks(
    report_file: Path, unknown_file: Path, tmp_path: Path
) -> None:
    lacking = tmp_path / "lacking.txt"
    lacking.write_text(report_file.read_text().replace("OriginatingNumber", "Whoever"))
    done = run("layouts", "check", lacking)
    assert done.returncode == 3
    assert "fits no layout" in done.stdout
    _, *nearest, others, _ = done.stdout.splitlines()
    assert nearest[0] == "  not att_le_mobility: the header lacks 'Originating Number'"
    assert 1 <= len(nearest) <= 3
    known = len(run("layouts", "list").stdout.splitlines())
    assert others.startswith(
        f"  nor {known - len(nearest)} others; why it is not of a certain one: "
    )
    done = run("layouts", "check", unknown_file)
    assert done.returncode == 3
    assert "-m pipeline_perf layouts draft` begins" in done.stdout
    done = run("layouts", "check", "/dev/null")
    assert (done.returncode, done.stdout) == (1, "")


def completed(draft: str) -> str:
    """A draft with what it asks for filled in."""
    for asked, told in (
        ("from_number: '???'", "from_number: who"),
        ("to_number: '???'", "to_number: whom"),
        ("region: ZZ", "region: US"),
    ):
        assert asked in draft
        draft = draft.replace(asked, told)
    return draft


def test_a_drafted_layout_is_tried_on_its_file_before_it_is_used(
    unknown_file: Path, tmp_path: Path
) -> None:
    unknown_file.write_text(UNKNOWN + "Total,,,540\n2024-02-30 10:00,2125550101,2125550102,60\n")
    layout = tmp_path / "mine.yaml"
    layout.write_text(completed(run("layouts", "draft", unknown_file).stdout))
    done = run("layouts", "check", layout, unknown_file)
    assert done.returncode == 0
    assert "unknown.csv: 12 lines: 2 furniture, 9 events, 1 in quarantine" in done.stdout
    assert "line 12: started_at_unreadable" in done.stdout
    assert re.search(r"started_at +100.0%  2024-01-01 10:00", done.stdout)
    assert re.search(r"from_number +100.0%  \+1•••••••0101", done.stdout)
    assert not NUMBER.search(done.stdout)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", "unknown.csv"]


def test_a_sample_that_is_not_of_the_layout_is_told_what_it_lacks(
    report_file: Path, unknown_file: Path, tmp_path: Path
) -> None:
    layout = tmp_path / "mine.yaml"
    layout.write_text(completed(run("layouts", "draft", unknown_file).stdout))
    done = run("layouts", "check", layout, report_file)
    assert done.returncode == 3
    assert "the layout my_layout does not fit: no line looks like one of its headers" in done.stderr
    assert run("layouts", "check", layout, tmp_path / "none.csv").returncode == 1
    assert run("layouts", "check", unknown_file, layout).returncode == 2


def test_your_own_layouts_are_known_too(unknown_file: Path, tmp_path: Path) -> None:
    own = tmp_path / "layouts"
    own.mkdir()
    (own / "mine.yaml").write_text(
        "id: mine\ncarrier: me\ntitle: Mine\nsource: me\ncontainer: delimited\nzone: UTC\ntables:\n"
        "  - name: calls\n    header: [when, who, whom]\n    fields:\n      event_type: {value:"
        " call}\n      started_at: {column: when, formats: ['%Y-%m-%d %H:%M']}\n      from_number:"
        " who\n      to_number: whom\n      duration_s: {column: how long, form: seconds}\n"
    )
    assert "mine " in run("layouts", "--layouts", own, "list").stdout
    assert run("layouts", "--layouts", own, "check", unknown_file).returncode == 0
    [report] = ingest(unknown_file, "--layouts", own, "--lake", tmp_path / "lake")
    assert (report["carrier"], report["events"]) == ("me", 9)


# --------------------------------------------------------------------------- generate


def test_generated_files_are_ingested_by_the_command_that_is_printed(tmp_path: Path) -> None:
    done = run(
        "generate",
        "--carrier",
        "att",
        "--format",
        "bill_csv",
        "--rows",
        50,
        "--seed",
        7,
        "-o",
        tmp_path,
    )
    assert done.returncode == 0
    assert "50 records, layout att_bill_csv" in done.stdout
    truth = next(
        Path(line.partition("truth: ")[2]) for line in done.stdout.splitlines() if "truth: " in line
    )
    assert pl.read_parquet(truth / "events.parquet").height == 50
    command = next(
        shlex.split(line.partition("ingest: ")[2])
        for line in done.stdout.splitlines()
        if "ingest: " in line
    )
    assert command[1:4] == ["-m", "pipeline_perf", "ingest"]  # as it was called
    [report] = ingest(*command[4:], "--lake", tmp_path / "lake")
    assert (report["records"], report["layout"]) == (50, "att_bill_csv")


def test_another_seed_gives_another_file(tmp_path: Path) -> None:
    asked = ("generate", "--carrier", "verizon", "--format", "csv", "--rows", 5, "-o", tmp_path)
    one = run(*asked, "--seed", 1).stdout
    same = run(*asked).stdout
    other = run(*asked, "--seed", 2).stdout
    assert one == same
    assert Path(one.split("  ")[0]).read_bytes() != Path(other.split("  ")[0]).read_bytes()


def test_a_scenario_gives_all_its_files(tmp_path: Path) -> None:
    scenarios = tmp_path / "scenarios.yaml"
    scenarios.write_text(
        "ci:\n  two:\n    says: Two files\n    data:\n      - {carrier: att, format: csv, rows:"
        " 5}\n      - {carrier: sprint, format: fixed, rows: 6}\n"
    )
    done = run("generate", "two", "--scenarios", scenarios, "-o", tmp_path / "data")
    assert done.returncode == 0
    assert "5 records, layout att_le_mobility" in done.stdout
    assert "6 records, layout legacy_fixed" in done.stdout


@pytest.mark.parametrize(
    "nonsense",
    [
        [],
        ["--carrier", "att"],
        ["no_such_scenario"],
        ["csv_1k", "--rows", "5"],
        ["--carrier", "att", "--format", "csv", "--rows", "0"],
        ["--carrier", "att", "--format", "xml", "--rows", "5"],
    ],
)
def test_what_cannot_be_generated_is_a_usage_error(nonsense: list[str], tmp_path: Path) -> None:
    done = run("generate", *nonsense, "-o", tmp_path / "data")
    assert done.returncode == 2
    assert not (tmp_path / "data").exists()


def test_a_place_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = run(
        "generate",
        "--carrier",
        "att",
        "--format",
        "csv",
        "--rows",
        5,
        "-o",
        tmp_path / "taken" / "data",
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


# --------------------------------------------------------------------------- start-up


@pytest.mark.parametrize(("chosen", "used"), [({}, "4"), ({"OPENBLAS_THREAD_TIMEOUT": "9"}, "9")])
def test_threads_that_nobody_needs_sleep_at_once_unless_the_caller_says_otherwise(
    chosen: dict[str, str], used: str
) -> None:
    # NumPy, which looks for the variable when it is loaded, is not there before.
    code = (
        "import sys, os, pipeline_perf.ingest as _\nassert 'numpy' not in sys.modules\n"
        "print(os.environ['OPENBLAS_THREAD_TIMEOUT'])"
    )
    environment = dict(ENVIRONMENT)
    environment.pop("OPENBLAS_THREAD_TIMEOUT", None)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | chosen,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == used


@pytest.mark.parametrize("arguments", [["--help"], ["ingest", "--help"]])
def test_help_loads_no_heavy_library(arguments: list[str]) -> None:
    code = (
        f"import sys\nfrom pipeline_perf.cli import main\ntry:\n    main({arguments!r})\nexcept"
        " SystemExit:\n    pass\nheavy = {'polars', 'numpy', 'dagster', 'pandera', 'deltalake',"
        " 'duckdb', 'logging', 'rich', 'pdfplumber', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, check=True, capture_output=True, timeout=60
    )
