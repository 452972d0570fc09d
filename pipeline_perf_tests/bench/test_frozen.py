import hashlib
from pathlib import Path

from pipeline_perf.bench import frozen
from pipeline_perf.bench.follow.series import CHECKSUM, REFERENCE
from pipeline_perf.bench.measure.measure import run_once

#: Of the file's text. Whoever changes it ends every history that is followed as a ratio to it:
#: change the name of the workload `REFERENCE` then, so that old and new nights are never in one
#: series.
TEXT = "abe924ec5b71bb32979a12aa61d3fdc4ea11e5d80f0965e73cd0e9e17e1cbbc8"


def test_the_text_of_the_reference_is_the_pinned_one() -> None:
    assert hashlib.sha256(Path(frozen.__file__).read_bytes()).hexdigest() == TEXT


def test_the_reference_gives_the_pinned_result_in_a_fresh_process(lock: Path) -> None:
    sample = run_once(REFERENCE, lock=lock)
    assert sample.reason == ""
    assert len(CHECKSUM) == 64


def test_another_amount_of_work_is_another_computation() -> None:
    assert frozen.compute(records=50, rounds=1, values=50) != frozen.compute(
        records=51, rounds=1, values=50
    )
