"""A duty that fails each time, in a worker that gives signs of life: the check and the metrics name it."""

import math
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from apiflask import APIFlask
from click.testing import Result
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app.work import state, worker
from app.work.services import Duty
from app.work.state import Beat
from app.work.troubles import SILENT_AFTER
from app.work.worker import Worker
from lib.logs import get_logger
from lib.metrics import measured
from tests.integration.conftest import Sql
from tests.integration.locks import locked
from tests.integration.servers import MAX_WAIT
from tests.integration.telling import await_that
from tests.integration.wiring import wiring

DUTIES = ("feed", "cases", "waking", "notices", "sender", "cleaning", "backtests")
KILLED = f"""
    INSERT INTO work_trouble (host, pid, duty, since, cause, seen_at)
    VALUES ('h', 7, 'sender', now() - interval '99 s', 'ValueError', now() - interval '{SILENT_AFTER + 1} s')
"""  # noqa: S608  # ours


class Errand:
    """Fails until it is mended."""

    mended = False

    def run_once(self) -> bool:
        if not self.mended:
            raise ValueError("a secret")
        return False


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "AFTER_A_FAILURE", 0.0)
    monkeypatch.setattr(worker, "log", get_logger())  # a logger keeps the settings of its first line
    monkeypatch.setattr(state, "FAILING_AFTER", 0.5)
    monkeypatch.setattr(measured, "PAUSE", 0)
    monkeypatch.setattr(measured, "PATIENCE", MAX_WAIT)


@contextmanager
def working(app: APIFlask, errand: Errand) -> Iterator[None]:
    """Have a worker that cleans by this errand, and gives signs of life."""
    made = Worker([Duty(name="cleaning", errand=errand, pause=0.01)])
    made.add(Duty(name="beat", errand=Beat(wiring(app).database, made.troubles), pause=0.05))
    made.start()
    try:
        yield
    finally:
        made.stop()


def check(app: APIFlask) -> Result:
    return app.test_cli_runner().invoke(args=["work", "--check"])


def failing_seconds(client: FlaskClient) -> dict[str, float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [sample for each in families for sample in each.samples]
    return {each.labels["duty"]: each.value for each in samples if each.name == "activity_work_failing_seconds"}


def test_a_duty_that_fails_each_time_is_told_until_it_goes_on(app: APIFlask, sql: Sql, client: FlaskClient) -> None:
    sql(KILLED)
    errand = Errand()
    with working(app, errand):
        await_that(lambda: "cleaning has failed" in check(app).output, lambda: check(app).output)
        await_that(lambda: check(app).exit_code == 1, lambda: check(app).output)
        told = check(app).output
        assert f"(process {os.getpid()} on {socket.gethostname()}): ValueError, which the worker's log shows" in told
        assert "a duty of the worker fails again and again" in told
        assert "a secret" not in told
        assert failing_seconds(client)["cleaning"] >= 0.5
        errand.mended = True
        await_that(lambda: check(app).exit_code == 0, lambda: check(app).output)
        assert sql("SELECT count(*) FROM work_trouble") == [(0,)]
        assert failing_seconds(client) == dict.fromkeys(DUTIES, 0)


def test_what_fails_is_not_shown_as_a_number_while_it_cannot_be_read(
    client: FlaskClient, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(failing_seconds(client).values()) == {0}
    with locked(database, "LOCK TABLE work_trouble"):
        monkeypatch.setattr(measured, "PATIENCE", 0.5)
        assert all(math.isnan(value) for value in failing_seconds(client).values())
