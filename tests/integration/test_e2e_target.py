"""The tests over HTTP store events only in a private service or in one that agrees."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from lib.probe import fault_after
from tests.integration.conftest import Sql
from tests.integration.servers import MAX_WAIT, Serve, await_answer

WITHOUT = ("-p", "no:cacheprovider", "-p", "no:schemathesis")  # the one leaves files, the other takes a second to load
QUICK = ("e2e/test_metrics.py", "-k", "test_events_are_counted_by_type", *WITHOUT)


def command(*words: str, **environment: str) -> "subprocess.Popen[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("E2E_")}
    return subprocess.Popen(  # noqa: S603  # ours
        [sys.executable, *words],
        env={**kept, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def assert_nothing_is_left_in(folder: Path) -> None:
    assert list(folder.iterdir()) == []
    assert [each for each in psutil.process_iter() if works_in(each, folder)] == []


def works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(folder) in " ".join([process.cwd(), *process.cmdline()])
    except psutil.Error:
        return False


def run(*words: str, **environment: str) -> tuple[int, str]:
    process = command(*words, **environment)
    output, _ = process.communicate(timeout=6 * MAX_WAIT)
    return process.returncode, output


def test_a_service_in_production_is_left_alone_without_confirmation(serve: Serve, port: int, sql: Sql) -> None:
    serve(ENV="production", ACCESS="open")
    await_answer(port, 1)
    for way in ("e2e", "pytest"):
        status, output = run("-m", way, *QUICK, E2E_URL=f"http://127.0.0.1:{port}")
        assert (status, "is in production" in output) == (2, True), output
        assert f"make e2e E2E_URL=http://127.0.0.1:{port} E2E_ANYWAY=true" in output
    assert sql("SELECT count(*) FROM activity_event") == [(1,)]
    status, output = run("-m", "e2e", *QUICK, E2E_URL=f"http://127.0.0.1:{port}", E2E_ANYWAY="true")
    assert status == 0, output
    assert "Storing some 27,000 events" in output
    assert sql("SELECT count(*) FROM activity_event") == [(7,)]


def test_a_service_in_development_needs_no_confirmation(serve: Serve, port: int) -> None:
    serve()
    await_answer(port, 1)
    status, output = run("-m", "e2e", *QUICK, E2E_URL=f"http://127.0.0.1:{port}")
    assert status == 0, output


def test_a_service_with_keys_is_distinguished_from_no_service(serve: Serve, port: int) -> None:
    serve(ACCESS="keys")
    assert fault_after(MAX_WAIT, "127.0.0.1", port, "/health/live") == ""
    status, output = run("-m", "e2e", *QUICK, E2E_URL=f"http://127.0.0.1:{port}")
    assert (status, "asks for keys" in output) == (2, True), output


def test_no_service_is_assumed_without_e2e_url() -> None:
    status, output = run("-m", "pytest", *QUICK)
    assert (status, "no service is named: `make e2e` starts one of its own" in output) == (2, True), output


def test_the_private_service_is_verified_and_leaves_nothing(open_folder: Path) -> None:
    status, output = run("-m", "e2e", *QUICK, TMPDIR=str(open_folder))
    assert status == 0, output
    assert "All 6 events agree." in output
    assert_nothing_is_left_in(open_folder)


def test_an_interrupted_run_leaves_nothing(open_folder: Path) -> None:
    process = command("-m", "e2e", *QUICK, TMPDIR=str(open_folder))
    deadline = time.monotonic() + MAX_WAIT
    while not list(open_folder.glob("*/var/supervisor.lock")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=6 * MAX_WAIT)
    assert process.returncode == 130, output
    assert "nothing was left behind" in output
    assert_nothing_is_left_in(open_folder)
