"""Logs: silent unless asked for, a line of JSON each, without telephone numbers."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline_perf import logs
from pipeline_perf_tests.command import COMMAND, ENVIRONMENT, NUMBER, run

SAMPLE = Path(__file__).parents[2] / "data/samples/att_mobility_1.txt"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger(logs.ROOT)
    handlers, level, propagate = list(root.handlers), root.level, root.propagate
    yield
    root.handlers[:], root.propagate = handlers, propagate
    root.setLevel(level)


@contextlib.contextmanager
def hearing(hear: Callable[[str], None]) -> Iterator[None]:
    """Within the block, `hear` is told the text of each event of the package, at once."""

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            hear(record.getMessage())

    root, ear = logging.getLogger(logs.ROOT), Ear()
    level = root.level
    root.addHandler(ear)
    root.setLevel("INFO")
    try:
        yield
    finally:
        root.removeHandler(ear)
        root.setLevel(level)


def test_whoever_hears_of_an_event_hears_its_fields_and_no_number() -> None:
    heard = list[str]()
    log = logs.logger("pipeline_perf.some.room")
    with hearing(heard.append):
        log.info("file done", extra={"fields": {"file": Path("id2125550143x"), "rows": 1_000_000}})
        log.warning("the call from %s", "020 7555 0143")
    assert heard == ["file done: file=id•••••••0143x, rows=1000000", "the call from •••••••0143"]


def test_a_line_stays_json_whatever_its_fields_hold() -> None:
    logs.configure("info", stream := io.StringIO())
    fields = {"file": "a\nb", "rate": float("nan"), "kinds": ("call", "sms"), "last": False}
    logs.logger("pipeline_perf.some.room").info("file done", extra={"fields": fields})
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert {name: told[name] for name in fields} == {
        "file": "a\nb",
        "rate": "nan",
        "kinds": "('call', 'sms')",
        "last": False,
    }


def test_events_are_lines_of_json_with_fields_and_masked_numbers() -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    log = logs.logger("pipeline_perf.some.room")
    log.debug("too quiet")
    log.info("call of 212-555-0143", extra={"fields": {"to": "+12125550101", "rows": 3, "at": 1.5}})
    try:
        int("2125550143 or so")
    except ValueError:
        log.exception("broken")
    told, broken = map(json.loads, stream.getvalue().splitlines())
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "level": "info",
        "logger": "pipeline_perf.some.room",
        "event": "call of •••••••0143",
        "to": "+1•••••••0101",
        "rows": 3,
        "at": 1.5,
    }
    assert "•••••••0143 or so" in broken["error"]
    assert "212555" not in stream.getvalue()


def test_the_library_says_nothing_unless_it_is_given_a_handler() -> None:
    program = "from pipeline_perf.logs import logger; logger('pipeline_perf.x').error('oh')"
    done = subprocess.run(
        [sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("asked", ["option", "environment"])
def test_an_ingestion_tells_what_became_of_each_file(asked: str, tmp_path: Path) -> None:
    option = ["--log", "debug"] if asked == "option" else []
    environment = ENVIRONMENT | ({} if option else {"PIPELINE_PERF_LOG": "info"})
    command = [*COMMAND, *option, "ingest", str(SAMPLE), "--lake", str(tmp_path / "lake")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    [report] = [event for event in events if event["event"] == "file done"]
    assert (report["status"], report["records"], report["quarantined"]) == ("ingested", 120, 2)
    committed = [event["table"] for event in events if event["event"] == "chunk committed"]
    assert committed == (["quarantine", "events"] if option else [])


def test_a_command_tells_its_beginning_and_its_end(tmp_path: Path) -> None:
    done = run("--log", "info", "layouts", "list")
    begun, ended = map(json.loads, done.stderr.splitlines())
    assert (begun["event"], begun["command"]) == ("command begun", "layouts")
    assert (ended["event"], ended["exit_code"]) == ("command ended", 0)
    (tmp_path / "unknown.csv").write_text("when,who,how long\n2024-01-01,x,60\n" * 9)
    done = run("--log", "info", "ingest", tmp_path / "unknown.csv", "--lake", tmp_path / "lake")
    assert (done.returncode, json.loads(done.stderr.splitlines()[-1])["exit_code"]) == (3, 3)
    done = run("--log", "warning", "events", "--lake", tmp_path / "lake of 020 7555 0143")
    line, said = done.stderr.splitlines()
    assert json.loads(line)["event"] == "command failed"
    assert "no lake here" in json.loads(line)["reason"]
    assert said.startswith("Error: ")
    assert not NUMBER.search(done.stderr)


def test_every_module_logs_constant_words() -> None:
    calls = [
        node
        for path in sorted(Path(logs.__file__).parent.rglob("*.py"))
        if "\nlog = log" in (text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.")
    ]
    assert len(calls) > 10
    for call in calls:
        assert isinstance(call.args[-1], ast.Constant), ast.unparse(call)
        assert [keyword.arg for keyword in call.keywords] == ["extra"], ast.unparse(call)
