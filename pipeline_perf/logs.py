"""What the program tells of its work: events with fields, for machines; silent unless asked for.

A module has `log = logger(__name__)` and writes a constant text with its figures beside it:
`log.info("chunk committed", extra={"fields": {"table": "events", "rows": 150_000}})`. What a person
at the terminal should read is no log: that is printed. Telephone numbers are masked here, whoever
writes them, and whoever hears of them: `configure`'s handler, an application's, or Dagster's
(`python_logs` in dagster.yaml), which shows text only and so has the fields in it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Mapping
from math import isfinite
from typing import Any, TextIO

from pipeline_perf.privacy import masked

#: The logger above all of this package's.
ROOT = "pipeline_perf"


def logger(name: str) -> logging.Logger:
    """A module's logger. The package says nothing until somebody gives it a handler.

    >>> log = logger("pipeline_perf.some.room")
    >>> record = log.makeRecord(log.name, logging.INFO, "", 0, "read", (), None,
    ...     extra={"fields": {"file": "call of +1 212 555 0143", "rows": 3}})
    >>> log.filter(record) and record.getMessage()
    'read: file=call of +1•••••••0143, rows=3'
    """
    root = logging.getLogger(ROOT)
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    log = logging.getLogger(name)
    log.addFilter(_tell)
    return log


def _tell(record: logging.LogRecord) -> bool:
    """Mask a record, and say its fields in its text, before any handler has it."""
    event, fields = masked(record.getMessage()), _fields(record)
    told = ", ".join(f"{name}={value}" for name, value in fields.items())
    record.msg, record.args = f"{event}: {told}" if told else event, ()
    record.__dict__.update(event=event, fields=fields)
    if record.exc_info:  # a formatter takes the text where there is one, and makes none of its own
        record.exc_text, record.exc_info = _traceback(record), None
    return True


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: Mapping[str, Any] = getattr(record, "fields", {})
    return {name: _plain(value) for name, value in fields.items()}


def _traceback(record: logging.LogRecord) -> str:
    made = record.exc_info and logging.Formatter().formatException(record.exc_info)
    return masked(record.exc_text or made or "")


def configure(level: str, stream: TextIO) -> None:
    """Write the package's events of a level (debug, info, warning, error) and above to a stream, a
    line of JSON each.

    Once a process: a second call takes the place of the first.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger(ROOT)
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    root.propagate = False


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, event, and its fields.

    >>> record = logging.makeLogRecord({"name": "pipeline_perf.lake", "levelname": "INFO",
    ...     "created": 0.0, "msg": "read", "fields": {"file": "call_2125550143.csv", "rows": 3}})
    >>> print(JsonLines().format(record))
    {"time": "1970-01-01T00:00:00.000+00:00", "level": "info", "logger": "pipeline_perf.lake", \
"event": "read", "file": "call_•••••••0143.csv", "rows": 3}
    """

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": getattr(record, "event", None) or masked(record.getMessage()),
        }
        told |= _fields(record)
        if record.exc_text or record.exc_info:
            told["error"] = _traceback(record)
        return json.dumps(told, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Numbers that JSON knows as they are, anything else as text with its numbers masked."""
    if value is None or isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    return masked(str(value))
