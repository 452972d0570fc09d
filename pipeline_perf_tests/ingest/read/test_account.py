"""What lines in passing tell holds for the records below them, from block to block."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_perf.ingest.layout.load import load
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.read.account import Context

LAYOUT = """
id: told
carrier: some
title: Calls below the line that they are of
source: none
container: delimited
context:
  subscriber: ['^Line: (.+)$']
  period: ['^Period\\n(.+)$']
file_name:
  account: '^acc_(.+)$'
tables:
  - name: calls
    header: [Time]
    fields:
      event_type: {value: call}
      started_at: {column: Time, formats: ['%Y-%m-%d %H:%M']}
"""


@pytest.fixture
def context(tmp_path: Path) -> Context:
    (tmp_path / "told.yaml").write_text(LAYOUT)
    return Context(Match(load(tmp_path / "told.yaml"), context={"account": "7"}))


def test_a_value_holds_from_its_line_on_and_in_the_blocks_behind(context: Context) -> None:
    assert context.take("Line: 1", 0) and context.take("Line: 2", 3)
    assert not context.take("a record", 4)
    assert context.columns(5)["context.subscriber"].to_list() == ["1", "1", "1", "2", "2"]
    assert context.columns(2)["context.subscriber"].to_list() == ["2", "2"]


def test_what_nobody_has_told_yet_is_null_and_a_file_name_tells_all(context: Context) -> None:
    context.take("Line: 1", 2)
    columns = context.columns(3)
    assert columns["context.subscriber"].to_list() == [None, None, "1"]
    assert columns["context.period"].to_list() == [None] * 3
    assert columns["context.account"].to_list() == ["7"] * 3


def test_a_line_outside_of_any_block_tells_the_whole_next_block(context: Context) -> None:
    context.take("Line: 1")
    assert context.columns(2)["context.subscriber"].to_list() == ["1", "1"]


def test_a_title_may_stand_on_the_line_above_its_value_and_on_no_other(context: Context) -> None:
    for index, line in enumerate(["Period", "May", "Period", "", "Period"]):
        context.take(line, index)
    context.take("July", 6)
    assert context.columns(7)["context.period"].to_list() == [None, *["May"] * 6]
