"""The files shipped for production agree with the settings and times of the service."""

import re
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values

from app.access.domain import Access
from app.bounds import IDLE
from app.config import read_settings
from app.server import SHUTDOWN_TIMEOUT
from app.work.worker import GRACE
from lib.bodies import MAX_BODY_SIZE
from tests.unit.deploy.files import (
    CONSOLE_EXAMPLE,
    CONSOLE_UNIT,
    EXAMPLE,
    OF_THE_PLACE,
    SETTINGS,
    UNIT,
    WORK_UNIT,
    of_nginx,
    of_the_unit,
    seconds,
)

MAX_ANSWER = 5  # seconds, in any state of the database: docs/reliability.md


def test_the_example_names_every_setting_and_is_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = dotenv_values(EXAMPLE)
    assert named.keys() == SETTINGS
    for name in OF_THE_PLACE:
        monkeypatch.delenv(name, raising=False)
    for name, value in named.items():
        monkeypatch.setenv(name, value or "")
    settings = read_settings(tmp_path / ".env")  # which is not there
    assert (settings.env, settings.access, settings.log_format) == ("production", Access.KEYS, "json")


def test_the_example_means_the_same_to_a_shell() -> None:
    """The command line sources it, systemd and compose read it."""
    sourced = subprocess.run(  # noqa: S603  # our own file
        ["/bin/sh", "-ec", f"set -a; . ./{EXAMPLE}; env"], capture_output=True, text=True, check=True, env={}
    )
    meant = dict(line.split("=", 1) for line in sourced.stdout.splitlines())
    assert meant.items() >= {name: value or "" for name, value in dotenv_values(EXAMPLE).items()}.items()


def test_nginx_waits_longer_than_the_service_does() -> None:
    assert seconds(of_nginx("proxy_read_timeout")) > MAX_ANSWER


def test_nginx_lets_a_connection_go_before_the_service_closes_it() -> None:
    kept = seconds(of_nginx("keepalive_timeout", after="upstream activity_alerts {"))
    assert kept < IDLE


def test_slightly_oversized_bodies_reach_the_service() -> None:
    assert int(of_nginx("client_max_body_size").removesuffix("k")) * 1024 > MAX_BODY_SIZE
    assert of_nginx("client_body_buffer_size") == of_nginx("client_max_body_size")


def test_systemd_waits_for_the_shutdown() -> None:
    for unit in (UNIT, CONSOLE_UNIT):
        assert seconds(of_the_unit("TimeoutStopSec", unit)) > SHUTDOWN_TIMEOUT
    assert seconds(of_the_unit("TimeoutStopSec", WORK_UNIT)) > GRACE


def test_systemd_waits_for_the_worker_s_first_report() -> None:
    assert seconds(of_the_unit("WatchdogSec", WORK_UNIT)) > 10


@pytest.mark.parametrize("unit", [WORK_UNIT, CONSOLE_UNIT], ids=["worker", "console"])
def test_every_program_is_as_locked_up_as_an_instance(unit: str) -> None:
    beginning = "# It writes only to the journal"
    assert UNIT[UNIT.index(beginning) :] == unit[unit.index(beginning) :]


def test_the_console_is_an_instance_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A71."""
    assert re.search(r"^Environment=.*\bCONSOLE=off\b", UNIT, re.MULTILINE)
    read = re.findall(r"^EnvironmentFile=(.*)$", CONSOLE_UNIT, re.MULTILINE)
    assert read == ["/etc/activity-alerts/env", "/etc/activity-alerts/console"], "the last one wins"
    own = {**dotenv_values(CONSOLE_EXAMPLE), "CONSOLE_KEY": "k" * 32}
    for name, value in {**dotenv_values(EXAMPLE), **own}.items():
        monkeypatch.setenv(name, value or "")
    settings = read_settings(tmp_path / ".env")
    assert (settings.console, settings.env, settings.access) == (True, "production", Access.KEYS)
    assert settings.console_url.startswith("https://")


def test_systemd_waits_for_the_start_as_long_as_the_probe() -> None:
    probe = of_the_unit("ExecStartPost").split()
    assert seconds(of_the_unit("TimeoutStartSec")) > float(probe[probe.index("--within") + 1])


def test_systemd_does_not_restart_after_a_wrong_setting() -> None:
    for unit in (UNIT, WORK_UNIT, CONSOLE_UNIT):
        assert (
            of_the_unit("RestartPreventExitStatus", unit) == "2"
        )  # tests/integration/test_server.py shows that status


def test_every_shipped_file_is_explained() -> None:
    shipped = [path.relative_to("deploy") for path in Path("deploy").rglob("*") if path.is_file()]
    known = [str(path) for path in shipped if path.parts[:2] != ("nginx", "tls") and path.name != ".env"]
    explained = Path("docs/deploy.md").read_text(encoding="utf-8")
    assert len(known) == 15
    assert [path for path in known if f"`{path}`" not in explained] == []
