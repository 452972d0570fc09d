import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest
import requests

from pipeline_perf.defs.alerts import (
    Alerts,
    FailedCheck,
    checks_text,
    failed_check_alert,
    failed_run_alert,
    failure_text,
)


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A webhook on this machine, named in the environment; the texts that it received."""
    texts: list[str] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            texts.append(body["text"])
            self.send_response(500 if "refuse" in body["text"] else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Webhook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv(
        "PIPELINE_PERF_WEBHOOK", f"http://127.0.0.1:{server.server_port}/services/hook"
    )
    yield texts
    server.shutdown()
    thread.join()
    server.server_close()


@dg.asset(check_specs=[dg.AssetCheckSpec("is_lean", asset="figure")])
def figure() -> dg.MaterializeResult:
    lean = dg.AssetCheckResult(
        check_name="is_lean",
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description="of +12125550143: 3 GB",
    )
    return dg.MaterializeResult(check_results=[lean])


@dg.asset(check_specs=[dg.AssetCheckSpec("is_measured", asset="silent")])
def silent() -> dg.MaterializeResult:
    nothing = dg.AssetCheckResult(
        check_name="is_measured",
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"verdict": "Not measured"},
    )
    return dg.MaterializeResult(check_results=[nothing])


@dg.asset(deps=[figure])
def ruin() -> None:
    raise dg.Failure("the call from (212) 555-0143 is unreadable")


def tick(instance: dg.DagsterInstance, *assets: dg.AssetsDefinition) -> dg.SkipReason | None:
    """The sensor's tick on a run of these assets."""
    job = dg.Definitions(
        assets=assets, jobs=[dg.define_asset_job("night", selection=list(assets))]
    ).resolve_job_def("night")
    done = job.execute_in_process(instance=instance, raise_on_error=False)
    run = instance.get_run_by_id(done.run_id)
    assert run is not None
    context = dg.build_run_status_sensor_context(
        "alert",
        done.get_run_success_event() if done.success else done.get_run_failure_event(),
        instance,
        run,
        resources={"alerts": Alerts()},
    )
    return (
        failed_check_alert(context) if done.success else failed_run_alert(context.for_run_failure())
    )


def test_a_failed_run_is_told_with_its_reason_and_checks(received: list[str]) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert tick(instance, figure, ruin) is None
    (text,) = received
    assert text.startswith(
        "*night failed*\n• ruin: the call from •••••••0143 is unreadable\n• WARN figure is_lean: of"
        " +1•••••••0143: 3 GB\n"
    )


def test_a_failed_check_of_a_run_that_went_through_is_told(received: list[str]) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert tick(instance, figure) is None
    (text,) = received
    assert text.startswith(
        "*night: 1 check failed*\n• WARN figure is_lean: of +1•••••••0143: 3 GB\nRun "
    )


def test_what_was_not_measured_is_no_news(received: list[str]) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert isinstance(tick(instance, silent), dg.SkipReason)
    assert received == []


def test_without_an_address_the_tick_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIPELINE_PERF_WEBHOOK", "PIPELINE_PERF_SMTP"):
        monkeypatch.delenv(name, raising=False)
    with dg.DagsterInstance.ephemeral() as instance:
        for assets in ((figure,), (figure, ruin)):
            skipped = tick(instance, *assets)
            assert isinstance(skipped, dg.SkipReason)
            assert "set PIPELINE_PERF_WEBHOOK" in str(skipped.skip_message)


def test_a_webhook_that_refuses_is_no_silent_loss(received: list[str]) -> None:
    with pytest.raises(requests.HTTPError, match="500"):
        Alerts().send("please refuse", "")
    assert len(received) == 1


def test_mail_goes_to_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []

    class Server:
        def __init__(self, host: str, port: int, timeout: int) -> None:
            assert (host, port) == ("mail.example", 2525)

        def __enter__(self) -> "Server":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def send_message(self, message: object) -> None:
            sent.append(message)

    monkeypatch.delenv("PIPELINE_PERF_WEBHOOK", raising=False)
    monkeypatch.setenv("PIPELINE_PERF_SMTP", "mail.example:2525")
    monkeypatch.setenv("PIPELINE_PERF_MAIL_TO", "a@example.org, b@example.org")
    monkeypatch.setattr("smtplib.SMTP", Server)
    assert Alerts().missing == ""
    Alerts().send("night failed", "reasons")
    assert [message["To"] for message in sent] == ["a@example.org, b@example.org"]


def test_a_long_list_is_cut_with_the_worst_first() -> None:
    checks = [
        FailedCheck(f"benchmark/{number:02}", "is_fast", "WARN", "slow") for number in range(30)
    ]
    lines = checks_text(
        "abc", [*checks, FailedCheck("parsed/z", "nothing_is_lost", "ERROR", "2 lost")]
    ).splitlines()
    assert lines[0] == "• ERROR parsed/z nothing_is_lost: 2 lost"
    assert lines[-2:] == ["… and 16 more", "Run abc"]


def test_a_long_reason_is_cut() -> None:
    assert len(failure_text("abc", [("step", "x" * 5_000)], [])) < 500
