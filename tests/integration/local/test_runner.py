"""The commands on a small project with a real service and database: what they print, and what they leave behind."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import psutil
import psycopg2
import pytest

from lib.local import processes, service
from lib.local.__main__ import main
from lib.local.postgres import cluster_of, temporary_cluster
from lib.local.project import Project
from lib.local.settings import read_settings
from lib.local.state import State, hold_lock, running_state
from tests.integration.local.followers import follower
from tests.integration.local.seen import left_by

Output = pytest.CaptureFixture[str]
MAX_WAIT = 60  # seconds, of a busy machine


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a database that the runner does not start."""
    with temporary_cluster(settings={"fsync": "off"}) as url:
        yield url


def state_of(project: Project) -> State:
    state = running_state(project.supervisor_lock)
    assert state
    return state


def service_of(project: Project) -> int:
    """The process id of the service."""
    return state_of(project).programs["service"][0]


def starts_of(project: Project) -> int:
    return state_of(project).programs["service"][1]


def eventually_answers(address: str) -> bool:
    deadline = time.monotonic() + MAX_WAIT
    while time.monotonic() < deadline:
        if service.responds(address):
            return True
        time.sleep(0.05)
    return False


def test_a_day_in_the_life_of_a_checkout(project: Project, capfd: Output) -> None:
    assert main(["stop"]) == 0
    assert "Nothing is running." in capfd.readouterr().err
    assert main(["status"]) == 3
    assert "none yet" in capfd.readouterr().out

    assert main(["start"]) == 0
    address = state_of(project).address
    started = capfd.readouterr().out
    assert f"Running at {address}" in started
    assert f"Docs       {address}/read/me\n" in started
    assert "Access     whom it is for" in started
    assert str(project.service_log) in started
    headers = """-H 'Content-Type: application/json' -H "Key: $KEY\""""
    assert f"curl -i {address}/sample {headers} -d '{{\"a\": 1}}'" in started

    assert main(["start"]) == 0
    again = capfd.readouterr()
    assert f"Already running at {address}" in again.err
    assert again.out == f"Docs       {address}/read/me\n"

    assert main(["status"]) == 0
    status = capfd.readouterr().out
    assert address in status
    assert ":***@127.0.0.1" in status
    assert str(cluster_of(project).data) in status

    assert main(["address"]) == 0
    assert capfd.readouterr().out == f"{address}\n"

    assert main(["event"]) == 0
    assert capfd.readouterr().out == '200 OK\n{"a": 1}\n'

    assert main(["db-url"]) == 0
    psycopg2.connect(capfd.readouterr().out.strip()).close()

    assert main(["stop"]) == 0
    assert "Stopped" in capfd.readouterr().err
    assert left_by(project) == []
    assert cluster_of(project).data.exists()
    log = project.service_log.read_text()  # whole only now: another process copies the lines into it
    assert '"GET /alive HTTP/1.1"' in log, "it is looked for where the project says"
    assert '"GET / HTTP/1.1"' not in log

    assert main(["address"]) == 1
    assert "make start" in capfd.readouterr().err
    assert main(["status"]) == 3
    assert "not running" in capfd.readouterr().out

    assert main(["clean"]) == 0
    assert not project.var.exists()


def test_the_service_comes_back_after_any_kill(project: Project, capfd: Output) -> None:
    assert main(["start"]) == 0
    state, cluster = state_of(project), cluster_of(project)
    postmaster = cluster.postmaster()
    assert postmaster
    postmaster.kill()
    os.kill(service_of(project), signal.SIGKILL)
    assert processes.wait_for_end([postmaster], seconds=5)
    assert eventually_answers(state.address)
    deadline = time.monotonic() + MAX_WAIT
    while not cluster.is_running() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert cluster.is_running()
    assert starts_of(project) == 2

    # Nobody is left to start anything again, and nothing that is left stands in the way of the next start.
    supervisor, child = psutil.Process(state.pid), psutil.Process(service_of(project))
    supervisor.kill()
    assert processes.wait_for_end([supervisor, child], seconds=5)
    assert cluster.is_running()
    assert main(["start"]) == 0
    assert eventually_answers(state.address)

    # A stuck service does not end by itself.
    os.kill(service_of(project), signal.SIGSTOP)
    os.kill(state_of(project).pid, signal.SIGKILL)
    assert main(["stop"]) == 0
    assert left_by(project) == []
    assert "error" not in capfd.readouterr().err


def test_the_service_is_restarted_while_a_restart_of_postgresql_takes_long(project: Project) -> None:
    assert main(["start"]) == 0
    state, cluster = state_of(project), cluster_of(project)
    postmaster = cluster.postmaster()
    assert postmaster
    with hold_lock(cluster.home.with_name("postgres.lock"), seconds=5):  # which the restart has to wait for
        postmaster.kill()
        deadline = time.monotonic() + MAX_WAIT
        while "starting it again" not in project.service_log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(service_of(project), signal.SIGKILL)
        while starts_of(project) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert eventually_answers(state.address)
        assert not cluster.is_running()
        assert starts_of(project) == 2


def test_two_starts_at_once_give_one_service(project: Project) -> None:
    argv = [sys.executable, "-m", "lib.local", "start"]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(argv, stderr=pipe, stdout=pipe, text=True) as one,  # noqa: S603 - our own
        subprocess.Popen(argv, stderr=pipe, stdout=pipe, text=True) as two,  # noqa: S603 - our own
    ):
        said = sorted(process.communicate(timeout=60)[1] for process in (one, two))
    assert [one.returncode, two.returncode] == [0, 0]
    assert "waiting for it" in said[0]
    assert "Already running" in said[0]
    assert "Already" not in said[1]
    assert starts_of(project) == 1


def test_a_start_with_another_port_says_how_to_move_the_running_service(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: Output
) -> None:
    assert main(["start"]) == 0
    address = state_of(project).address
    monkeypatch.setenv("PORT", "1")
    assert main(["start"]) == 0
    said = capfd.readouterr().err
    assert f"Already running at {address}" in said
    assert said.endswith("To serve at http://127.0.0.1:1 instead: make stop && make start PORT=1\n")
    monkeypatch.setenv("MAKE_PREFIX", "make -C '/a folder'")
    assert main(["start"]) == 0
    assert "make -C '/a folder' stop && make -C '/a folder' start PORT=1\n" in capfd.readouterr().err


def test_a_taken_port_is_reported_before_anything_is_started(project: Project, capfd: Output) -> None:
    port = read_settings(project.root, {}).port
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        assert main(["start"]) == 1
    assert f"error: port {port} is taken by another program" in capfd.readouterr().err
    assert left_by(project) == []


@pytest.mark.parametrize(
    ("file", "text", "answer"),
    [
        ("misfit", "no such column", "the migrations failed"),
        ("misfit", "No space left on device", "No space left on device"),
        ("broken", "", "the service is broken"),
    ],
    ids=["migrations", "full disk", "service"],
)
def test_a_failed_start_says_why_and_leaves_nothing_behind(
    project: Project, file: str, text: str, answer: str, capfd: Output
) -> None:
    (project.root / file).write_text(text)
    assert main(["start"]) == 1
    assert answer in capfd.readouterr().err
    assert left_by(project) == []


def test_no_postgresql_is_started_if_the_environment_names_a_database(
    project: Project, elsewhere: str, monkeypatch: pytest.MonkeyPatch, capfd: Output
) -> None:
    monkeypatch.setenv("DATABASE_URL", elsewhere.replace("postgresql://", "postgres://"))
    assert main(["start"]) == 0
    assert not cluster_of(project).home.exists()
    assert main(["db-url"]) == 0
    assert elsewhere in capfd.readouterr().out
    assert main(["status"]) == 0
    assert "(DATABASE_URL)" in capfd.readouterr().out
    told = "import os; print(os.environ['DATABASE_URL']); exit(7)"
    argv = [sys.executable, "-m", "lib.local", "run", "--", sys.executable, "-c", told]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert (done.returncode, done.stdout) == (7, f"{elsewhere}\n")
    assert main(["stop"]) == 0


def test_the_service_follows_postgresql_to_another_port_if_its_own_was_taken(project: Project) -> None:
    assert main(["start"]) == 0
    cluster, address = cluster_of(project), state_of(project).address
    postmaster, url = cluster.postmaster(), cluster.service_url
    assert postmaster
    (cluster.home / "port").write_text("no longer free")
    postmaster.kill()
    deadline = time.monotonic() + MAX_WAIT
    while starts_of(project) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert cluster.is_running()
    assert cluster.service_url != url
    assert eventually_answers(address)


def test_every_program_of_the_project_is_kept_running_and_shown(project: Project, capfd: Output) -> None:
    table = (project.root / "pyproject.toml").read_text()
    both = table.replace("programs = { ", 'programs = { worker = ["-c", "import time; time.sleep(600)"], ')
    (project.root / "pyproject.toml").write_text(both)
    assert main(["start"]) == 0
    worker, _ = state_of(project).programs["worker"]
    os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + MAX_WAIT
    while (now := state_of(project).programs["worker"]) == (worker, 1) and time.monotonic() < deadline:
        time.sleep(0.05)
    capfd.readouterr()
    assert main(["status"]) == 0
    assert f", worker {now[0]} (starts: 2), service {service_of(project)} (starts: 1)" in capfd.readouterr().out
    assert main(["stop"]) == 0
    assert left_by(project) == []


def test_the_supervisor_stops_everything_if_its_checkout_is_removed(project: Project) -> None:
    assert main(["start"]) == 0
    family = left_by(project)
    project.supervisor_lock.unlink()
    assert processes.wait_for_end(family, seconds=MAX_WAIT)


@pytest.mark.parametrize(
    ("words", "environment", "answer"),
    [
        (["start"], {"PORT": "x"}, "PORT=x is not a port"),
        (["start"], {"HOST": "203.0.113.1"}, "HOST=203.0.113.1 is not an address of this machine"),
        (["run"], {}, "say which command"),
        (["run", "--", "./no-such-program"], {"DATABASE_URL": "postgresql://h/d"}, "cannot run ./no-such-program"),
        (["db-url"], {"DATABASE_URL": "mysql://h/d"}, "not a PostgreSQL address"),
        (["start"], {"DATABASE_URL": "postgresql://u:p@h"}, "names no database"),
        (
            ["start"],
            {"DATABASE_URL": "postgresql://u:p@127.0.0.1:1/d"},
            "port 1 failed: Connection refused: start that",
        ),
        (["logs"], {}, "no log yet"),
        (["event"], {}, "not running: make start"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
@pytest.mark.usefixtures("project")
def test_an_error_is_one_line_on_standard_error(
    words: list[str], environment: dict[str, str], answer: str, monkeypatch: pytest.MonkeyPatch, capfd: Output
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(words) == 1
    said = capfd.readouterr()
    assert said.err.startswith("error: ")
    assert answer in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_logs_are_followed_until_interrupted(project: Project) -> None:
    project.logs.mkdir(parents=True)
    project.service_log.write_text("first\n")
    with follower() as shown:
        assert shown.readline() == "first\n"
        with project.service_log.open("a") as file:
            file.write("second\n")
        assert shown.readline() == "second\n"


def test_the_console_is_psql_and_its_arguments_show_no_password(project: Project) -> None:
    argv = [sys.executable, "-m", "lib.local", "console"]
    question = "SELECT current_user;\n\\! tr '\\0' ' ' < /proc/$PPID/cmdline\n"
    done = subprocess.run(argv, input=question, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert "sample_project" in done.stdout
    assert cluster_of(project).owner_url not in done.stdout


def environments_of(state: State) -> list[dict[str, str]]:
    supervisor = psutil.Process(state.pid)
    return [each.environ() for each in (supervisor, *supervisor.children(recursive=True)) if each.name() != "postgres"]


def test_no_process_of_the_service_knows_the_owner_s_password(project: Project, capfd: Output) -> None:
    """A42."""
    assert main(["start"]) == 0
    cluster = cluster_of(project)
    secret = (cluster.home / "password").read_text()
    environments = environments_of(state_of(project))
    assert len(environments) >= 2
    assert not [each for each in environments if secret in str(each)]
    capfd.readouterr()
    assert main(["db-url"]) == 0
    assert capfd.readouterr().out == f"{cluster.owner_url}\n"
    shown = "import os; print(os.environ['DATABASE_URL'], os.environ.get('DATABASE_OWNER_URL'))"
    for words, owner in (["run"], None), (["run", "--as-owner"], cluster.owner_url):
        argv = [sys.executable, "-m", "lib.local", *words, "--", sys.executable, "-c", shown]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own
        assert done.stdout == f"{cluster.service_url} {owner}\n"


@pytest.mark.parametrize("place", ["file", "environment"])
def test_only_the_migrations_get_the_owner_s_address_from_the_settings(
    project: Project, elsewhere: str, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (project.root / "owner").write_text(f"{elsewhere}\n")
    with (project.root / ".env").open("a") as file:
        file.write(f"DATABASE_URL={elsewhere}\n")
        if place == "file":
            file.write("DATABASE_OWNER_URL_FILE=owner\n")
    if place == "environment":
        monkeypatch.setenv("DATABASE_OWNER_URL_FILE", "owner")
    (project.root / "migrate.py").write_text(
        "import os, pathlib; pathlib.Path('told').write_text(os.environ['DATABASE_OWNER_URL_FILE'])"
    )
    monkeypatch.setenv("HOST", "127.0.0.1")
    assert main(["start"]) == 0
    assert (project.root / "told").read_text() == "owner"
    assert [each for each in environments_of(state_of(project)) if each.get("DATABASE_OWNER_URL_FILE")] == []


@pytest.fixture
def bystander(project: Project) -> Iterator["subprocess.Popen[bytes]"]:
    """A program that works in the folder of the checkout and names it, but was not started by the runner."""
    argv = [sys.executable, "-c", "import time; time.sleep(60)", str(project.root), str(cluster_of(project).data)]
    with subprocess.Popen(argv, cwd=project.root, process_group=0) as process:  # noqa: S603 - our own
        yield process
        process.kill()


def test_stop_leaves_processes_alone_that_only_name_the_checkout_or_work_in_it(
    bystander: "subprocess.Popen[bytes]",
) -> None:
    assert main(["start"]) == 0
    assert main(["stop"]) == 0
    assert bystander.poll() is None


def test_stop_ignores_process_ids_of_an_earlier_run(project: Project, bystander: "subprocess.Popen[bytes]") -> None:
    """A killed supervisor leaves the ids of its processes in the file; other processes may have them by now."""
    assert main(["start"]) == 0
    state = state_of(project)
    assert main(["stop"]) == 0
    left = dataclasses.replace(state, pid=bystander.pid, programs={"service": (bystander.pid, 1)})
    project.supervisor_lock.write_text(json.dumps(dataclasses.asdict(left)))
    assert main(["stop"]) == 0
    assert bystander.poll() is None
