import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline_perf.bench.calibrate import calibrate, calibration_work, simulate
from pipeline_perf.bench.calibrate.planted import Trial
from pipeline_perf.bench.judge.targets import Target, Threshold
from pipeline_perf.bench.measure.environment import Environment
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, new_run
from pipeline_perf.bench.measure.workload import Workload

MACHINE = Environment(
    machine="abc", cpu="A CPU", cores=2, memory_bytes=4 << 30, kernel="6.1", python="3.11.9"
)


def figures(found: list[Measurement]) -> dict[tuple[str, str], Measurement]:
    return {(one.scope, one.metric.partition(".")[2]): one for one in found}


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    # A. Agresti, B. Coull, The American Statistician 52 (1998): no success in 30 trials leaves up
    # to 11.4 %.
    assert calibrate.wilson(0, 30) == pytest.approx((0, 0.1135), abs=0.0001)
    assert calibrate.wilson(15, 30) == pytest.approx((0.3315, 0.6685), abs=0.0001)
    assert calibrate.wilson(30, 30)[1] == 1
    with pytest.raises(ValueError, match="at least once"):
        calibrate.wilson(0, 0)


def test_a_simulated_calibration_gives_rates_that_the_store_keeps(tmp_path: Path) -> None:
    told: list[str] = []
    found = calibrate.simulated(
        1,
        null_series=2,
        step_series=2,
        null_comparisons=2,
        power_comparisons=1,
        progress=told.append,
    )
    assert {one.family for one in found} == {"calibration"}
    rates = [one for one in found if one.metric.endswith("_rate")]
    assert all(
        one.low is not None and one.high is not None and 0 <= one.low <= one.value <= one.high <= 1
        for one in rates
    )
    assert len(told) == len({one.scope for one in found})
    store, run = ResultStore(tmp_path), new_run(MACHINE)
    store.write(run, found)
    assert store.measurements(run.id) == found


def test_the_same_seed_gives_the_same_figures() -> None:
    one, other = (
        calibrate._null_series(calibrate._NIGHTLY[0], 5, np.random.default_rng(3)) for _ in range(2)
    )
    assert one == other


def test_steps_are_found_within_a_week_and_quiet_series_left_alone() -> None:
    rng, case = np.random.default_rng(11), calibrate._NIGHTLY[0]
    quiet = figures(calibrate._null_series(case, 25, rng))[case.scope, "false_alarm_rate"]
    found = figures(calibrate._step_series(case, 0.05, 40, rng))[case.scope, "detection_rate"]
    assert quiet.value <= 0.16  # 4 of 25: a rate of 4 % gives more once in two hundred times
    assert found.value >= 0.8


def test_the_drift_of_the_machine_cancels_in_the_ratio() -> None:
    model = simulate.Nightly(nights=2000, own_noise=0, outliers=0)
    series = simulate.nightly(model, np.random.default_rng(1))
    assert series.raw.std() > 0.04
    assert series.ratio.std() == pytest.approx(0.05 * np.sqrt(2 / 30 * np.pi / 3), rel=0.1)
    slower = simulate.nightly(replace(model, elasticity=0.5), np.random.default_rng(1))
    assert slower.ratio.std() > 0.02


def test_simulated_truths_are_in_the_series() -> None:
    still = simulate.Nightly(noise=0, own_noise=0, outliers=0, drift=0)
    rng = np.random.default_rng(1)
    step = simulate.nightly(replace(still, step=0.05, step_at=40), rng).ratio
    assert step[39] == 0 and step[40] == pytest.approx(np.log(1.05))
    ramp = simulate.nightly(replace(still, ramp=0.1), rng).raw
    assert ramp[[0, -1]] == pytest.approx([0, np.log(1.1)])
    a, b = simulate.pairs(5, 0, 0, rng, effect=0.1)
    assert a / b == pytest.approx(1.1)


def test_a_plant_is_a_change_of_the_code_and_not_of_the_result(tmp_path: Path) -> None:
    plain, slow = (
        calibration_work.planted(tmp_path / f"{percent}.py", percent) for percent in (0, 5)
    )
    assert "turns * 5 // 100" in slow.read_text(encoding="utf-8")
    assert "// 100" not in plain.read_text(encoding="utf-8").partition("def planted")[0]
    assert (
        calibration_work.run(str(plain))
        == calibration_work.run(str(slow))
        == calibration_work.work()
    )
    with pytest.raises(ValueError, match="cannot be planted"):
        calibration_work.planted(tmp_path / "none.py", -1)


def test_a_plant_runs_its_extra_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    for percent in (0, 5, 10):
        spec = calibration_work.planted(tmp_path / f"planted_{percent}.py", percent)
        monkeypatch.syspath_prepend(tmp_path)
        module = __import__(spec.stem)
        turn, counted = module._turn, []
        monkeypatch.setattr(
            module,
            "_turn",
            lambda lines, turn=turn, counted=counted: counted.append(1) or turn(lines),
        )
        module.work(turns=100)
        calls.append(len(counted))
    assert calls == [100, 105, 110]


def test_a_real_calibration_measures_every_comparison(tmp_path: Path, lock: Path) -> None:
    quick = "import importlib.util\ndef work(): return {'sum': 1}\n"
    (tmp_path / "quick.py").write_text(quick, encoding="utf-8")
    target, params = f"{calibration_work.__name__}:run", {"path": str(tmp_path / "quick.py")}
    plain, planted = (
        Workload(f"planted.{scope}", target=target, params=params) for scope in ("plain", "plus_5")
    )
    # No time for more than the first pairs: such a comparison is unresolved, and counted as a miss.
    scopes = calibrate.real(
        plain, [planted], 1, 1, lock=lock, budgets_s={"plain": 0.1, "plus_5": 0.1}
    )
    found = figures([one for scope in scopes for one in scope])
    assert found["real", "false_alarm_rate"].value == 0
    assert found["real_plus_5", "detection_rate"].value == 0
    assert found["real", "unresolved_rate"].value == 1
    assert found["real_plus_5", "trials"].value == 1


def test_trials_of_the_attribution_become_rates() -> None:
    trial = Trial(
        "planted.yaml",
        "slower",
        "yaml.reader:Reader.forward",
        "",
        0.07,
        0.06,
        "named",
        "yaml.reader:Reader.forward",
        "reader",
        True,
        False,
        True,
        0.06,
        9.0,
        1,
        4_000,
        4_000,
        1.1,
    )
    found = figures(
        calibrate.attributed(
            [trial, trial, replace(trial, right=False, wrong=True), replace(trial, right=True)]
        )
    )
    assert found["attribution", "named_first_rate"].value == 0.75
    assert found["attribution", "wrong_name_rate"].value == 0.25
    assert (
        found["attribution", "right_stage_rate"].value,
        found["attribution", "trials"].value,
    ) == (1, 4)


def test_the_newest_figures_of_each_scope_are_judged_as_they_were_counted(tmp_path: Path) -> None:
    store, seldom = ResultStore(tmp_path), Threshold("<=", 0.01)
    contract = [
        Target(
            "calibration.real",
            "",
            "",
            "",
            "calibration.false_alarm_rate",
            ("real",),
            required=seldom,
        ),
        Target(
            "calibration.paired",
            "",
            "",
            "",
            "calibration.false_alarm_rate",
            ("paired_*",),
            aggregate="max",
            required=seldom,
        ),
        Target("calibration.tracked", "", "", "", "calibration.pairs"),
    ]
    for name, real in (("a", 3), ("b", 0)):
        store.write(
            new_run(MACHINE),
            [calibrate.Rate(real, 30).measurement("false_alarm_rate", "real")],
            part=name,
        )
    store.write(
        new_run(replace(MACHINE, machine="other")),
        [calibrate.Rate(9, 30).measurement("false_alarm_rate", "paired_16")],
    )
    known = calibrate.newest(store, "abc")
    assert {scope: one.figures[0].value for scope, one in known.items()} == {"real": 0.0}
    assert [one.status for one in calibrate.verdicts(contract, known)] == ["pass", "not_measured"]


def test_a_real_calibration_that_fails_gives_no_rate(lock: Path) -> None:
    broken = Workload("planted.plain", command=(sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(calibrate.CalibrationError, match="exit status 3"):
        list(calibrate.real(broken, [], 1, 1, lock=lock))
    with pytest.raises(ValueError, match="at least one"):
        list(calibrate.real(broken, [], 0, 1, lock=lock))
