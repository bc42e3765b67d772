"""A real private PostgreSQL: created atomically, found, restarted after every kind of end, and stopped."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest

from lib.local import processes
from lib.local.cluster import Cluster
from lib.local.postgres import temporary_cluster
from lib.local.processes import postgres_in
from lib.local.terminal import LocalError

QUICK = {"fsync": "off"}
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def ask(url: str, question: str) -> object:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            row = cursor.fetchone()
            return row[0] if row else None
    finally:
        connection.close()


def make_cluster(folder: Path) -> Cluster:
    return Cluster(home=folder / "postgres", name="sample", log=folder / "postgres.log", settings=QUICK)


@pytest.fixture(scope="module")
def shared() -> Iterator[Cluster]:
    """One data folder for the tests that can share it: creating one takes most of a second."""
    folder = Path(tempfile.mkdtemp(prefix="local-")).resolve()
    folder.chmod(0o755)
    made = make_cluster(folder)
    yield made
    made.stop(grace=0)
    shutil.rmtree(folder)


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    """A running server."""
    shared.start()
    return shared


@pytest.fixture
def absent(open_folder: Path) -> Iterator[Cluster]:
    """A server that was never started."""
    made = make_cluster(open_folder)
    yield made
    made.stop(grace=0)


def kill_postmaster(cluster: Cluster) -> None:
    postmaster = cluster.postmaster()
    assert postmaster
    postmaster.kill()
    assert processes.wait_for_end([postmaster], seconds=5)


def test_a_temporary_server_has_its_settings_and_is_removed_afterwards() -> None:
    with temporary_cluster(settings={"fsync": "off", "application_name": "it's"}) as url:
        assert ask(url, "SHOW fsync") == "off"
        assert ask(url, "SHOW application_name") == "it's"
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SHOW listen_addresses") == "127.0.0.1"
        assert ask(url, "SHOW unix_socket_directories") == ""
        assert ask(url, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
        data = Path(str(ask(url, "SHOW data_directory")))
    assert not data.parent.parent.exists()
    assert postgres_in(data) == []


def test_data_and_address_survive_stop_kill_and_start(cluster: Cluster) -> None:
    address = cluster.service_url
    ask(cluster.owner_url, "CREATE TABLE kept AS SELECT 1; COMMIT; SELECT 1")
    cluster.stop()
    assert not cluster.is_running()
    cluster.start()
    kill_postmaster(cluster)
    assert not cluster.is_running()
    cluster.start(create=False)
    assert cluster.service_url == address
    assert ask(address, "SELECT current_user") == "sample_service"
    assert ask(cluster.owner_url, "SELECT count(*) FROM kept") == 1
    for name in ("password", "service-password"):
        assert (cluster.home / name).stat().st_mode & 0o077 == 0


def test_two_starts_at_once_give_one_server_and_leftovers_are_removed(absent: Cluster) -> None:
    assert not absent.is_running()
    leftover = absent.home.with_name("postgres.new.dead")
    (leftover / "data").mkdir(parents=True)
    with ThreadPoolExecutor(2) as pool:
        for start in [pool.submit(absent.start), pool.submit(absent.start)]:
            start.result()
    assert not leftover.exists()
    postmasters = [each for each in postgres_in(absent.data) if str(absent.data) in each.cmdline()]
    assert len(postmasters) == 1


def test_a_suspended_server_counts_as_running_and_can_be_stopped(cluster: Cluster) -> None:
    for process in postgres_in(cluster.data):
        process.send_signal(signal.SIGSTOP)
    assert cluster.is_running()
    cluster.stop()
    assert postgres_in(cluster.data) == []


def test_a_stuck_backend_of_a_killed_server_does_not_block_the_next_start(cluster: Cluster) -> None:
    others = [process for process in postgres_in(cluster.data) if process != cluster.postmaster()]
    others[0].send_signal(signal.SIGSTOP)
    kill_postmaster(cluster)
    cluster.start(create=False)
    assert ask(cluster.service_url, "SELECT 1") == 1
    assert not processes.is_running(others[0])


@pytest.mark.parametrize("kind", ["alien", "nonsense"])
def test_a_stale_pid_file_is_ignored(cluster: Cluster, kind: str) -> None:
    kill_postmaster(cluster)
    file = cluster.data / "postmaster.pid"
    with subprocess.Popen(SLEEP) as alien:  # noqa: S603 - our own
        number = {"alien": str(alien.pid), "nonsense": "x"}[kind]
        file.write_text("\n".join([number, *file.read_text().split("\n")[1:]]))
        assert not cluster.is_running()
        cluster.start(create=False)
        assert ask(cluster.service_url, "SELECT 1") == 1
        assert alien.poll() is None
        alien.kill()


def test_another_port_is_chosen_if_the_saved_one_is_taken(cluster: Cluster) -> None:
    cluster.stop()
    with temporary_cluster(settings=QUICK) as other:
        (cluster.home / "port").write_text(other.rpartition(":")[2].partition("/")[0])
        cluster.start()
        assert ask(cluster.service_url, "SELECT 1") == 1


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ("9", "the data is of PostgreSQL 9"),
        ("x", "holds no PostgreSQL data"),
        (None, "holds no PostgreSQL data"),
    ],
    ids=["other version", "nonsense", "empty folder"],
)
def test_data_of_another_version_or_none_is_refused_and_left_alone(
    absent: Cluster, content: str | None, answer: str
) -> None:
    absent.data.mkdir(parents=True)
    if content:
        (absent.data / "PG_VERSION").write_text(content)
    with pytest.raises(LocalError, match=answer):
        absent.start()
    assert absent.data.exists()


def test_data_that_is_gone_is_not_created_again_after_a_crash(absent: Cluster) -> None:
    with pytest.raises(LocalError, match="is gone"):
        absent.start(create=False)
    assert not absent.home.exists()


def test_the_error_of_a_server_that_refuses_its_settings_is_quoted(cluster: Cluster) -> None:
    cluster.stop()
    configuration = cluster.data / "postgresql.conf"
    sound = configuration.read_text()
    configuration.write_text(sound + "no_such_setting = on\n")
    with pytest.raises(LocalError, match=r"pg_ctl failed: .*FATAL"):
        cluster.start()
    configuration.write_text(sound)


def test_a_first_start_that_fails_leaves_nothing(absent: Cluster) -> None:
    impossible = dataclasses.replace(absent, name="pg_reserved")
    with pytest.raises(LocalError, match=r"initdb failed: .*error: superuser name"):
        impossible.start()
    # A copy of the programs, where the account could not reach them, is whole and stays.
    folders = [path.name for path in absent.home.parent.iterdir() if path.is_dir()]
    assert [name for name in folders if not name.startswith("programs-")] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for others")
def test_data_of_another_user_is_refused_and_the_user_named(absent: Cluster) -> None:
    absent.home.mkdir(mode=0o700)
    os.seteuid(65534)
    try:
        with pytest.raises(LocalError, match="belongs to root"):
            absent.binaries()
    finally:
        os.seteuid(0)


def test_data_of_a_release_with_one_login_gets_the_second_one(cluster: Cluster) -> None:
    ask(cluster.owner_url, "DROP ROLE sample_service; COMMIT; SELECT 1")
    (cluster.home / "service-password").unlink()
    cluster.start()
    assert ask(cluster.service_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


@pytest.fixture
def bystanders(cluster: Cluster) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Programs that do not belong to the server: one names the data folder, one works in it."""
    started = [subprocess.Popen([*SLEEP, str(cluster.data)]), subprocess.Popen(SLEEP, cwd=cluster.data)]  # noqa: S603
    yield started
    for each in started:
        each.kill()
        each.wait()


@pytest.mark.parametrize("patience", [0, 20])
def test_processes_that_only_name_the_folder_or_work_in_it_are_left_alone(
    cluster: Cluster, bystanders: list["subprocess.Popen[bytes]"], patience: float
) -> None:
    cluster.stop(grace=patience)
    assert not cluster.is_running()
    cluster.start()
    kill_postmaster(cluster)
    cluster.start(create=False)
    assert [each.poll() for each in bystanders] == [None, None]
