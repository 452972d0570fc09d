"""Alerts: a failed run, or a failed check in a run that went through, by webhook and mail.

What is told is decided by pure functions; sending is at the edge. Nothing leaves the machine unless
an address is set.
"""

import os
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage

import dagster as dg
import requests
from pydantic import Field

from pipeline_perf.defs.checks import NOT_MEASURED
from pipeline_perf.privacy import masked

#: Seconds that an address may take: the sensor's tick must not wait for one that is silent.
TIMEOUT_S = 10

#: A message that lists more is not read to its end.
MOST_LINES = 15

#: Characters of a failure's reason; the whole of it is in the run's log.
MOST_OF_A_REASON = 400


@dataclass(frozen=True)
class FailedCheck:
    """One check that did not pass."""

    asset: str
    check: str
    severity: str
    description: str


class Alerts(dg.ConfigurableResource):
    """Where alerts go.

    The fields name environment variables, read when an alert is sent: addresses are secrets and no
    configuration.
    """

    webhook: str = Field(
        default="PIPELINE_PERF_WEBHOOK",
        description='Variable with the URL of a webhook that takes Slack\'s form, {"text": "…"}',
    )
    smtp: str = Field(
        default="PIPELINE_PERF_SMTP",
        description="Variable with the mail server as host:port; port 25 where it is left out",
    )
    smtp_user: str = Field(
        default="PIPELINE_PERF_SMTP_USER",
        description="Variable with the mail server's user; where it is set, STARTTLS is used",
    )
    smtp_password: str = Field(
        default="PIPELINE_PERF_SMTP_PASSWORD",
        description="Variable with that user's password",
    )
    mail_from: str = Field(
        default="PIPELINE_PERF_MAIL_FROM",
        description="Variable with the sender's address; pipeline-perf@localhost where it is empty",
    )
    mail_to: str = Field(
        default="PIPELINE_PERF_MAIL_TO",
        description="Variable with the recipients' addresses, separated by commas",
    )

    @property
    def missing(self) -> str:
        """Why nothing can be sent, '' where something can."""
        if os.environ.get(self.webhook) or (
            os.environ.get(self.smtp) and os.environ.get(self.mail_to)
        ):
            return ""
        return (
            f"no address for alerts: set {self.webhook} to a Slack-compatible webhook, or"
            f" {self.smtp} and {self.mail_to} for mail"
        )

    def send(self, subject: str, text: str) -> None:
        """Send to every address that is set; the webhook gets the subject in bold.

        Raises what the network raises, requests.RequestException, smtplib.SMTPException or OSError:
        the sensor's tick then shows it, and is tried again.
        """
        if url := os.environ.get(self.webhook):
            requests.post(
                url, json={"text": f"*{subject}*\n{text}"}, timeout=TIMEOUT_S
            ).raise_for_status()
        if (server := os.environ.get(self.smtp)) and (to := os.environ.get(self.mail_to)):
            self._mail(server, to, subject, text)

    def _mail(self, server: str, to: str, subject: str, text: str) -> None:
        message = EmailMessage()
        message["Subject"], message["To"] = subject, to
        message["From"] = os.environ.get(self.mail_from) or "pipeline-perf@localhost"
        message.set_content(text)
        host, _, port = server.partition(":")
        with smtplib.SMTP(host, int(port or 25), timeout=TIMEOUT_S) as connection:
            if user := os.environ.get(self.smtp_user):
                connection.starttls()
                connection.login(user, os.environ.get(self.smtp_password, ""))
            connection.send_message(message)


def failure_text(
    run: str, reasons: Sequence[tuple[str, str]], checks: Sequence[FailedCheck]
) -> str:
    """What to say of a failed run: its steps' reasons and its failed checks, telephone numbers
    masked.
    """
    steps = [f"• {step}: {masked(reason)[:MOST_OF_A_REASON]}" for step, reason in reasons]
    return _lines(run, steps + _told(checks))


def checks_text(run: str, checks: Sequence[FailedCheck]) -> str:
    """What to say of a run that went through with checks that failed."""
    return _lines(run, _told(checks))


def _told(checks: Sequence[FailedCheck]) -> list[str]:
    worst_first = sorted(checks, key=lambda check: (check.severity, check.asset, check.check))
    return [
        f"• {one.severity} {one.asset} {one.check}: {masked(one.description)[:MOST_OF_A_REASON]}"
        for one in worst_first
    ]


def _lines(run: str, lines: Sequence[str]) -> str:
    more = [f"… and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more, f"Run {run}"])


def failed_checks(instance: dg.DagsterInstance, run: str) -> list[FailedCheck]:
    """The checks of a run that did not pass."""
    failed = []
    for entry in instance.all_logs(run, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        evaluation = entry.get_dagster_event().asset_check_evaluation_data
        status = evaluation.metadata.get("verdict")
        # That a warning was not measured is for the page, and no news: it would be told every time.
        silent = (
            evaluation.severity is dg.AssetCheckSeverity.WARN
            and status is not None
            and status.value == NOT_MEASURED
        )
        if not evaluation.passed and not silent:
            failed.append(
                FailedCheck(
                    asset=evaluation.asset_key.to_user_string(),
                    check=evaluation.check_name,
                    severity=evaluation.severity.value,
                    description=evaluation.description or "",
                )
            )
    return failed


@dg.run_failure_sensor(
    name="failed_run_alert",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the webhook, and by mail, of every run that failed.",
)
def failed_run_alert(context: dg.RunFailureSensorContext, alerts: Alerts) -> dg.SkipReason | None:
    """Tell of a failed run: its steps' reasons, and its checks that failed."""
    if alerts.missing:
        return dg.SkipReason(alerts.missing)
    run = context.dagster_run
    reasons = [
        (event.step_key or "", _reason(event)) for event in context.get_step_failure_events()
    ]
    reasons = reasons or [("run", context.failure_event.message or "no reason given")]
    failed = failed_checks(context.instance, run.run_id)
    alerts.send(f"{run.job_name} failed", failure_text(run.run_id, reasons, failed))
    return None


def _reason(event: dg.DagsterEvent) -> str:
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error
    cause = error.cause or error if error else None
    return cause.message.strip() if cause else "no reason given"


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="failed_check_alert",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the webhook, and by mail, of checks that failed in a run that went through.",
)
def failed_check_alert(context: dg.RunStatusSensorContext, alerts: Alerts) -> dg.SkipReason | None:
    """Tell of the checks that failed in a run that went through."""
    run = context.dagster_run
    failed = failed_checks(context.instance, run.run_id)
    if not failed:
        return dg.SkipReason(f"every check of {run.job_name} passed")
    if alerts.missing:
        return dg.SkipReason(alerts.missing)
    checks = "1 check" if len(failed) == 1 else f"{len(failed)} checks"
    alerts.send(f"{run.job_name}: {checks} failed", checks_text(run.run_id, failed))
    return None


SENSORS = (failed_run_alert, failed_check_alert)
