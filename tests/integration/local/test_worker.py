"""The project's own worker beside the service, as `make start` runs both: killed, stopped, asked and ended."""

import json
import os
import shutil
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.work.worker import GRACE
from lib.local import processes, service, supervisor
from lib.local.__main__ import main
from lib.local.project import Project, read_project
from lib.local.state import State, running_state
from lib.local.stopping import clean
from testkit.ports import free_port
from tests.integration.local.seen import left_by

REPOSITORY = Path(__file__).parents[3]
MAX_WAIT = 90  # seconds, of a busy machine
Output = pytest.CaptureFixture[str]


@pytest.fixture
def checkout(
    open_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    quick_clusters: None,  # noqa: ARG001  # which it starts
) -> Iterator[Project]:
    """This project, in a folder of its own; what runs of it is ended afterwards."""
    for name in ("HOST", "PORT", "DATABASE_URL", "DATABASE_OWNER_URL", "PROMETHEUS_MULTIPROC_DIR"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(REPOSITORY / "pyproject.toml", open_folder)
    (open_folder / ".env").write_text(f"PORT={free_port()}\nWEB_WORKERS=1\nLOG_FORMAT=json\n")
    for name in ("app", "lib", "migrations"):
        (open_folder / name).symlink_to(REPOSITORY / name)
    monkeypatch.chdir(open_folder)
    made = read_project(open_folder)
    yield made
    clean(made)


def state_of(project: Project) -> State:
    state = running_state(project.supervisor_lock)
    assert state
    return state


def await_numbers(project: Project, number: int) -> None:
    """Return once the feed has this number."""
    deadline = time.monotonic() + MAX_WAIT
    while True:
        with urllib.request.urlopen(f"{state_of(project).address}/alerts/feed", timeout=MAX_WAIT) as answer:  # noqa: S310  # ours
            if json.load(answer)["next_after"] == number:
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def raise_an_alert(project: Project, t: int) -> None:
    event = json.dumps({"type": "withdraw", "amount": "150.00", "user_id": t, "t": t})
    assert service.request(f"{state_of(project).address}/event", event)[0] == 200


def await_starts(project: Project, number: int) -> psutil.Process:
    """Return the worker once it was started so often."""
    deadline = time.monotonic() + MAX_WAIT
    while state_of(project).programs["work"][1] < number:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return psutil.Process(state_of(project).programs["work"][0])


def ready(project: Project) -> bool:
    return service.request(f"{state_of(project).address}/health/ready")[0] == 200


def test_a_day_in_the_life_of_the_worker(checkout: Project, capfd: Output) -> None:
    assert main(["start"]) == 0
    raise_an_alert(checkout, 1)
    await_numbers(checkout, 1)

    capfd.readouterr()
    assert main(["status"]) == 0
    [line] = [line for line in capfd.readouterr().out.splitlines() if line.startswith("work ")]
    assert f"process {state_of(checkout).programs['work'][0]} on " in line
    assert "no alert waits" in line

    first = await_starts(checkout, 1)
    first.kill()
    second = await_starts(checkout, 2)
    raise_an_alert(checkout, 2)
    await_numbers(checkout, 2)

    second.suspend()
    raise_an_alert(checkout, 3)
    assert ready(checkout), "readiness asks nothing of it"
    await_starts(checkout, 3)
    await_numbers(checkout, 3)
    assert state_of(checkout).programs["service"][1] == 1

    family = [psutil.Process(pid) for pid, _ in state_of(checkout).programs.values()]
    os.kill(state_of(checkout).pid, signal.SIGKILL)
    assert processes.wait_for_end(family, seconds=10)

    assert main(["start"]) == 0
    raise_an_alert(checkout, 4)
    await_numbers(checkout, 4)
    assert main(["stop"]) == 0
    assert '"worker stopped"' in checkout.service_log.read_text()
    assert left_by(checkout) == []


def test_the_supervisor_gives_a_turn_under_way_time_to_end() -> None:
    assert supervisor._GRACE_SECONDS > GRACE  # noqa: SLF001  # what is compared
