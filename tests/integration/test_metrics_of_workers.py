"""Any worker reports the metrics of all, whatever became of one."""

import math
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

import flask_migrate
import psutil
import psycopg2
import pytest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from app.config import SPARE_CONNECTIONS
from app.datastores import db
from app.factory import create_app
from lib.local.postgres import temporary_cluster
from lib.metrics.folder import VARIABLE
from lib.metrics.slots import CONTINUED, OF_LIVE_WORKERS
from tests.integration.conftest import FAST, Sql
from tests.integration.servers import MAX_WAIT, Serve, await_answer, post
from tests.settings import settings_with

EVENTS = 40
MAX_BATCHES = 50
CONNECTIONS_OF_A_WORKER = 4 + 1 + SPARE_CONNECTIONS  # WEB_THREADS and READ_THREADS are what they are by default
Numbers = dict[str, float]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the metrics that the servers use."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "metrics"))
    return tmp_path / "metrics"


def scrape(port: int) -> Numbers:
    """Ask on a new connection, so that any worker may answer."""
    text = text_of_metrics(port)
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {f"{each.name}{sorted(each.labels.values())}": each.value for each in samples}


def text_of_metrics(port: int) -> str:
    """Ask until a worker answers: a new one may not listen yet."""
    deadline = time.monotonic() + MAX_WAIT
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=MAX_WAIT) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def stored(numbers: Numbers) -> float:
    return numbers["activity_events_stored_total['deposit']"]


def connections(numbers: Numbers) -> float:
    return numbers["database_pool_connections_max[]"]


def send_events(port: int, *, t: int = 2) -> None:
    """Send one event for each of some players, each on a new connection."""
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda user_id: post(port, t, user_id), range(1000, 1000 + EVENTS))) == {200}


def send_events_to_all(port: int, folder: Path, workers: int) -> int:
    """Send events until every worker has stored some; return how many were sent."""
    for batch in count(1):
        send_events(port, t=batch)
        shares = [stored_in(file) for file in folder.glob("counter_*.db")]
        if len(shares) == workers and all(shares):
            return batch * EVENTS
        assert batch < MAX_BATCHES, f"one worker had it all: {shares}"
    raise AssertionError


def workers_of(server: int, number: int, but: frozenset[int] = frozenset()) -> list[psutil.Process]:
    """Wait until a server has so many workers, all of them others than those."""
    deadline = time.monotonic() + MAX_WAIT
    while time.monotonic() < deadline:
        workers = [each for each in psutil.Process(server).children() if each.status() != psutil.STATUS_ZOMBIE]
        if len(workers) == number and not but & {each.pid for each in workers}:
            return workers
        time.sleep(0.05)
    pytest.fail("no such workers")


def settled(port: int, expected: float) -> Numbers:
    """Ask until the pools are as large as expected: a worker that is just being made is not there yet."""
    deadline = time.monotonic() + MAX_WAIT
    while connections(numbers := scrape(port)) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    return numbers


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_every_worker_reports_the_same_sum(serve: Serve, port: int, folder: Path, method: str) -> None:
    """The server makes its workers by the one on Linux and by the other elsewhere."""
    serve(WEB_WORKERS="2", **start_method(folder.parent, method))
    await_answer(port, 1)
    settled(port, 2 * CONNECTIONS_OF_A_WORKER)
    sent = send_events_to_all(port, folder, 2)
    answers = [scrape(port) for _ in range(10)]
    assert {stored(numbers) for numbers in answers} == {sent + 1}
    assert {connections(numbers) for numbers in answers} == {2 * CONNECTIONS_OF_A_WORKER}


def start_method(folder: Path, method: str) -> dict[str, str]:
    """Make Python start processes by this method before it runs its program."""
    script = f"import multiprocessing\nmultiprocessing.set_start_method({method!r})\n"
    (folder / "site").mkdir()
    (folder / "site/sitecustomize.py").write_text(script)
    return {"PYTHONPATH": f"{folder / 'site'}:{Path.cwd()}"}


def stored_in(file: Path) -> float:
    """Read what one worker has counted."""
    metrics = MultiProcessCollector.merge([str(file)])  # type: ignore[no-untyped-call]
    samples = (sample for each in metrics if each.name == "activity_events_stored" for sample in each.samples)
    return float(sum(sample.value for sample in samples))


def test_a_killed_worker_loses_only_its_gauges(serve: Serve, port: int, folder: Path) -> None:
    server = serve(WEB_WORKERS="2")
    await_answer(port, 1)
    sent = send_events_to_all(port, folder, 2)
    for _ in range(3):
        workers = workers_of(server.pid, 2)
        workers[0].kill()
        workers_of(server.pid, 2, but=frozenset({workers[0].pid}))
        numbers = settled(port, 2 * CONNECTIONS_OF_A_WORKER)
        assert connections(numbers) == 2 * CONNECTIONS_OF_A_WORKER
        assert stored(numbers) == sent + 1
    assert {file.name for file in folder.glob("*.db")} == {
        f"{kind}_{slot}.db" for kind in (*CONTINUED, *OF_LIVE_WORKERS) for slot in (0, 1)
    }


def test_a_number_of_the_database_is_that_of_the_latest_look(serve: Serve, port: int, sql: Sql) -> None:
    """Each worker looks by itself: what two of them saw is neither added up nor mixed."""
    sql("UPDATE feed_head SET number = 7")
    serve(WEB_WORKERS="2")
    await_answer(port, 1)
    settled(port, 2 * CONNECTIONS_OF_A_WORKER)
    assert feed_numbers(port) == {7}
    sql("UPDATE feed_head SET number = 8")
    deadline = time.monotonic() + MAX_WAIT
    while feed_numbers(port) != {8}:
        assert time.monotonic() < deadline
    assert feed_numbers(port) == {8}


def feed_numbers(port: int) -> set[float]:
    """Ask again and again; on a busy machine a look may take too long, which shows as NaN."""
    found = (scrape(port).get("activity_feed_number[]", math.nan) for _ in range(10))
    return {number for number in found if not math.isnan(number)}


def test_metrics_start_at_zero_with_the_server(serve: Serve, port: int, folder: Path) -> None:
    first = serve()
    await_answer(port, 1)
    send_events(port)
    family = psutil.Process(first.pid).children(recursive=True)
    first.kill()
    first.wait()
    psutil.wait_procs(family, timeout=MAX_WAIT)  # until then they might answer
    serve()
    await_answer(port, 2)
    assert stored(scrape(port)) == 1
    assert folder.is_dir()


def test_a_private_folder_is_removed_with_the_server(serve: Serve, port: int, tmp_path: Path) -> None:
    server = serve()
    await_answer(port, 1)
    assert len(list(tmp_path.glob("metrics-*"))) == 1
    server.terminate()
    server.communicate(timeout=MAX_WAIT)
    assert server.returncode == 0
    assert not list(tmp_path.glob("metrics-*"))


def test_an_unusable_metrics_folder_stops_the_start_by_name(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    server = serve(**{VARIABLE: str(tmp_path / "file/folder")})
    _, output = server.communicate(timeout=MAX_WAIT)
    assert server.returncode == 2
    assert f"{VARIABLE}: Cannot be used: Not a directory" in output
    assert "Traceback" not in output


def test_a_worker_without_metrics_files_still_serves(serve: Serve, port: int, folder: Path) -> None:
    (folder / "worker_0.lock").mkdir(parents=True)
    server = serve()
    await_answer(port, 1)
    assert scrape(port) == {}
    server.terminate()
    _, output = server.communicate(timeout=MAX_WAIT)
    assert "metrics of this worker not shown" in output
    assert "Is a directory" in output


def test_metrics_are_shown_while_every_thread_waits_for_a_stopped_database(serve: Serve, port: int) -> None:
    with temporary_cluster(settings=FAST) as url:
        migrate(url)
        serve(DATABASE_URL=url, WEB_THREADS="1", DB_DEADLINE="5")
        await_answer(port, 1)
        with stopped(url), ThreadPoolExecutor(3) as threads:
            # One within, and two in the spare threads, until they are turned away.
            waiting = [threads.submit(post, port, 1, user_id) for user_id in (2, 3, 4)]
            while not scrape(port)["database_pool_connections_in_use[]"]:
                assert not all(each.done() for each in waiting)
            assert not all(each.done() for each in waiting)
            assert [each.result() for each in waiting] == [503, 503, 503]
            after = scrape(port)
    assert after["database_silent_workers[]"] == 1
    assert after["database_errors_total['deadline']"] == 1
    assert after["http_refusals_total['unavailable']"] == 3


def migrate(url: str) -> None:
    app = create_app(settings_with(database_url=url))
    with app.app_context():
        flask_migrate.upgrade("migrations")
        db.engine.dispose()


@contextmanager
def stopped(url: str) -> Iterator[None]:
    """Stop every process of a server of PostgreSQL, so that it neither answers nor hangs up."""
    with closing(psycopg2.connect(url)) as connection:
        postmaster = psutil.Process(connection.info.backend_pid).parent()
    assert postmaster
    processes = [postmaster, *postmaster.children()]
    each_of(processes, psutil.Process.suspend)
    try:
        yield
    finally:
        each_of(processes, psutil.Process.resume)


def each_of(processes: list[psutil.Process], do: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            do(process)
