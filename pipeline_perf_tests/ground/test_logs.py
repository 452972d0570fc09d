"""Logs: silent unless asked for, a line of JSON each, without telephone numbers."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_perf import logs
from pipeline_perf_tests.command import COMMAND, ENVIRONMENT

SAMPLE = Path(__file__).parents[2] / "data/samples/att_mobility_1.txt"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger(logs.ROOT)
    handlers, level, propagate = list(root.handlers), root.level, root.propagate
    yield
    root.handlers[:], root.propagate = handlers, propagate
    root.setLevel(level)


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
