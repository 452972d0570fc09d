"""Sessions by real runs of small workloads: what they store, tell and return."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline_perf.bench import sessions
from pipeline_perf.bench.calibrate import calibrate
from pipeline_perf.bench.judge.regression import Plan
from pipeline_perf.bench.judge.revision import trees
from pipeline_perf.bench.judge.targets import Target, Threshold
from pipeline_perf.bench.measure.environment import record
from pipeline_perf.bench.measure.measure import Sample
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.registry import Offer
from pipeline_perf.bench.measure.results import ResultsError, ResultStore, new_run
from pipeline_perf.bench.measure.workload import Workload, WorkloadError
from pipeline_perf.bench.sessions import Progress, Session, held, paced
from pipeline_perf_tests.bench.repositories import Repository, repository

Python = Callable[..., Workload]

#: Takes five times as long for its first `slow` runs; which one it is, a file tells.
WARMING = """
import pathlib, time
path = pathlib.Path({path!r})
run = int(path.read_text()) if path.exists() else 0
path.write_text(str(run + 1))
while time.process_time() < (0.5 if run < {slow} else 0.1):
    pass
"""


@pytest.fixture
def told() -> list[Progress]:
    return []


@pytest.fixture
def session(tmp_path: Path, told: list[Progress]) -> Session:
    """A session that keeps what it tells."""
    return Session(
        new_run(record()), ResultStore(tmp_path / "results"), tmp_path / "reports", told.append
    )


def kept(store: ResultStore) -> set[str]:
    """The metrics of the one run in a store."""
    (run,) = store.run_ids()
    return {figure.metric for figure in store.measurements(run)}


# Measurements ---------------------------------------------------------------------------


def test_a_measurement_stores_the_workload_its_reference_their_ratio_and_the_pinned_computation(
    session: Session, told: list[Progress], python: Python
) -> None:
    copy = python("pass", name="copy.x")
    measured = session.measure(
        python("bytearray(9 << 20)", name="job.x", unit="rows"),
        copy,
        ratio="ratio_to_copy",
        repetitions=2,
    )
    assert kept(session.store) >= {
        "job.seconds",
        "job.rows_per_mib",
        "job.ratio_to_copy",
        "copy.seconds",
        "reference.seconds",
    }
    assert [figure.metric for figure in measured.ratios] == ["job.ratio_to_copy"]
    assert {step.step for step in told} == {"repetition"}
    assert [step.workload for step in told] == ["job.x", "copy.x", "copy.x", "job.x"]
    assert told[0].says.startswith("repetition 1 of 2 took ") and told[0].says.endswith(" s left")
    assert told[-1].says.endswith(", about 0 s left")


def test_what_is_told_of_repetitions_is_paced_and_a_failure_is_told_at_once(
    python: Python,
) -> None:
    told: list[Progress] = []
    tell = paced(told.append, every_s=1e6)
    good, bad = (
        Sample(python("pass"), 0, "", datetime.now(UTC), reason=reason)
        for reason in ("", "no disk")
    )
    for step in (
        *(Progress("job.x", "repetition", "1 of 3", good) for _ in range(3)),
        Progress("job.x", "judged", "slower"),
        Progress("job.x", "repetition", "2 of 3 failed", bad),
    ):
        tell(step)
    assert [step.says for step in told] == ["1 of 3", "slower", "2 of 3 failed"]


def test_without_a_reference_of_its_own_a_workload_runs_in_turns_with_the_pinned_computation(
    session: Session, python: Python
) -> None:
    measured = session.measure(python("pass", name="job.x"), repetitions=1)
    assert [sample.workload.name for sample in measured.reference] == ["reference.frozen"]
    alone = session.measure(python("pass", name="job.y"), repetitions=1, pinned=False)
    assert alone.reference == () and len(alone.samples) == 1


@pytest.mark.parametrize("warmup", [None, 1])
def test_repetitions_too_slow_to_belong_to_the_rest_are_left_out_where_no_number_is_given(
    session: Session, python: Python, tmp_path: Path, warmup: int | None
) -> None:
    code = WARMING.format(path=str(tmp_path / "runs"), slow=2)
    measured = session.measure(
        python(code, name="job.x"), repetitions=8, warmup=warmup, pinned=False
    )
    assert measured.enough is not None
    # One, unless the machine is so busy that the others are as slow.
    slow = measured.enough.warmup
    assert len(measured.samples) == (8 if warmup else 8 - slow)


def test_a_repetition_that_fails_is_stored_with_its_reason_and_told(
    session: Session, told: list[Progress], python: Python
) -> None:
    beside = Measurement("job.failed", "x", 1.0, reason="accuracy is 0.9")
    broken = python("raise SystemExit('no disk')", name="job.x")
    measured = session.measure(broken, repetitions=3, pinned=False, beside=[beside])
    assert measured.enough is None and measured.ratios == ()
    assert [sample.reason for sample in measured.failures] == ["exit status 1: no disk"]
    assert told[-1].says == "repetition 1 of 3 failed: exit status 1: no disk"
    reasons = {figure.reason for figure in session.store.measurements(session.run.id)}
    assert reasons == {"exit status 1: no disk", "accuracy is 0.9"}


def test_a_workload_is_measured_once_a_run_unless_it_is_another_part(
    session: Session, python: Python
) -> None:
    work = python("pass", name="job.x")
    session.measure(work, repetitions=1, pinned=False)
    with pytest.raises(ResultsError, match="never rewritten"):
        session.measure(work, repetitions=1, pinned=False)
    session.measure(work, repetitions=1, pinned=False, part="again")
    assert len(list(session.store.root.glob("*.parquet"))) == 2


# Nights ---------------------------------------------------------------------------------


@pytest.mark.parametrize("alone", [True, False])
def test_a_night_keeps_the_workloads_own_times_only_where_nothing_else_measures_it(
    session: Session, python: Python, alone: bool
) -> None:
    measured = session.night(python("pass", name="job.x"), 2, alone=alone)
    assert len(measured.samples) == 2
    metrics = kept(session.store)
    assert {"job.cpu_ratio_to_reference", "reference.seconds"} <= metrics
    assert ("job.seconds" in metrics) is alone


# Comparisons ----------------------------------------------------------------------------


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The working directory: a repository of one module, changed since its commit."""
    made = repository(tmp_path / "words", {"words.py": "sum(range(300_000))\n"})
    made.write({"words.py": "sum(range(9_000_000))\n"})
    monkeypatch.chdir(made.root)
    return made


WORDS = Workload("words.x", command=("{python}", "-m", "words"), timeout_s=60)


@pytest.mark.parametrize("judged_by_targets", [True, False])
def test_a_comparison_stores_both_sides_in_full_apart_from_the_runs_results(
    session: Session,
    told: list[Progress],
    words: Repository,
    tmp_path: Path,
    judged_by_targets: bool,
) -> None:
    with trees("HEAD", cache=tmp_path / "cache") as sides:
        compared = session.compare(
            WORDS,
            sides,
            Plan(9, metric="cpu_seconds"),
            explain_s=0,
            judged_by_targets=judged_by_targets,
        )
    assert compared.regression.verdict == "slower" and compared.explanation is None
    rows = session.store.comparisons.rows(session.run.id)
    assert set(rows["side"]) == {"", "a", "b"}
    assert {"regression.slowdowns", "words.seconds"} <= kept(session.store.comparisons)
    assert session.store.run_ids() == ([session.run.id] if judged_by_targets else [])
    if judged_by_targets:
        assert {name.partition(".")[0] for name in kept(session.store)} == {"regression"}
    assert told[-1].says.startswith("slower: cpu_seconds +")
    assert told[-1].result is compared.regression


def test_workloads_whose_code_both_trees_hold_are_those_that_are_compared(
    words: Repository, tmp_path: Path
) -> None:
    offers = [
        Offer(name, "tests", "…", lambda: WORDS, module=module)
        for name, module in (("words.x", "words"), ("other.x", "elsewhere"), ("command.x", ""))
    ]
    with trees("HEAD", cache=tmp_path / "cache") as sides:
        assert [offer.name for offer in held(offers, sides)] == ["words.x"]
        with pytest.raises(WorkloadError, match=r"no workload runs code of .*words"):
            held(offers[1:], sides)


# Profiles, calibrations, verdicts -------------------------------------------------------


def test_a_workload_that_fails_is_not_profiled(tmp_path: Path, python: Python) -> None:
    profiled = sessions.profile(
        python("raise SystemExit(1)"), lock=tmp_path / "lock", reports=tmp_path / "reports"
    )
    assert not profiled.samples[0].ok
    assert profiled.profile is None and not (tmp_path / "reports").exists()


def test_a_profile_tells_what_holds_a_workload_up_before_it_is_taken_and_leaves_a_page(
    tmp_path: Path, told: list[Progress], python: Python
) -> None:
    profiled = sessions.profile(
        python("held = bytearray(9 << 20)", name="job.x/y"),
        lock=tmp_path / "lock",
        reports=tmp_path / "reports",
        memory=True,
        tell=told.append,
    )
    (step,) = told
    assert step.result is profiled.bottleneck and step.says.startswith("bound by ")
    assert profiled.page == tmp_path / "reports" / "profiles" / "job_x_y.html"
    assert "job.x/y" in profiled.page.read_text(encoding="utf-8")


def test_a_calibration_is_told_scope_by_scope_and_stored(
    session: Session, told: list[Progress]
) -> None:
    figures = session.calibrate("simulated", 1)
    assert session.store.measurements(session.run.id) == figures
    assert {step.step for step in told} == {"trial"}
    assert told[0].says.startswith("nightly_ratio: false_alarm_rate ")
    assert {figure.family for figure in figures} == {calibrate.FAMILY}


def test_a_limit_of_our_own_counts_as_met_before_where_an_earlier_run_on_the_machine_met_it(
    tmp_path: Path,
) -> None:
    store, here = ResultStore(tmp_path), record()
    target = Target("job.time", "Jobs", "…", "…", "job.seconds", ours=Threshold("<", 2.0))

    def status(day: int, seconds: float) -> str:
        run = new_run(here, datetime(2026, 3, day, tzinfo=UTC))
        figures = [Measurement("job.seconds", "x", seconds)]
        store.write(run, figures)
        (verdict,) = sessions.verdicts(store, [target], run.id, figures, "x")
        return verdict.status

    assert [status(1, 3.0), status(2, 1.0), status(3, 3.0)] == ["warn", "pass", "fail"]
