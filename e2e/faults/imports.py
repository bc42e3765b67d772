"""An import that is killed over and over, as are PostgreSQL and the service; its command is given until it is done."""

import csv
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import psutil
import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class

from e2e.faults import database, processes
from e2e.faults.load import with_id
from e2e.faults.scenarios import Scenario, Window, kill_service
from e2e.site import MAX_COMMAND, Site, SiteError
from testkit.oracle import Event
from testkit.play import day_of_play
from testkit.service import SEED

if TYPE_CHECKING:
    import subprocess

LINES, PLAYERS = 45_000, 2_000
FIRST_PLAYER = 1_000_001  # above all players of the load
MAX_WAIT = 60  # seconds
MAX_RUNS = 5  # of a command that fails by itself, as it may while what is left of the one before still ends

# Numbers that grow while a command runs.
BEGUN = "SELECT count(*) FROM import_job"
AT_WORK = """
    SELECT greatest(count(*) - 1, 0) FROM pg_stat_activity WHERE application_name = 'activity-alerts import'
"""  # sessions of its workers; one more is its own
STORED = """
    SELECT coalesce(sum(imported + coalesce((
        SELECT sum(imported) FROM import_span WHERE job_id = job.id
    ), 0)), 0)::bigint FROM import_job AS job
"""


@dataclass(frozen=True, slots=True)
class Strike:
    """Does its damage to a running import as soon as a number is higher than when the command was given."""

    grows: str
    hit: Callable[[Site, psutil.Process], object]


def kill_all_of_it(_: Site, command: psutil.Process) -> None:
    processes.kill([command, *command.children(recursive=True)])


def kill_its_main_process(_: Site, command: psutil.Process) -> None:
    """Its workers end by themselves; the next command may come before that."""
    processes.kill([command])


def kill_a_worker(_: Site, command: psutil.Process) -> None:
    processes.kill([each for each in command.children() if "spawn_main" in " ".join(each.cmdline())][:1])


def kill_postgres(site: Site, _: psutil.Process) -> None:
    processes.kill([processes.postmaster(site)])


STRIKES = (
    Strike(BEGUN, kill_all_of_it),  # while it reads the file
    Strike(AT_WORK, kill_a_worker),  # while lines are checked
    Strike(STORED, kill_its_main_process),
    Strike(STORED, kill_postgres),
    Strike(AT_WORK, lambda site, _: kill_service(site)),  # which the import survives
)


def kill_an_import(site: Site) -> Window:
    """Let all strikes hit an import, then let it come to its end."""
    lines = history()
    path = written(lines, site.root / "history.csv")
    began = time.monotonic()
    ends = [struck(site, path, strike) for strike in STRIKES]
    for _ in range(MAX_RUNS):
        if ends[-1].startswith("0"):
            break
        with giving(site, path) as command:
            ends.append(ended(command))
    # Usually the last; one that was struck at its very end may have said so, and those after it find all lines stored.
    if not any(f"{LINES:,} lines: {LINES:,} imported." in end for end in ends):
        raise SiteError(f"the import is not done: {ends[-1]}")
    return Window(
        began=began, over=time.monotonic(), detail=f"{len(ends)} commands", imported=sorted(lines, key=in_order)
    )


def struck(site: Site, path: Path, strike: Strike) -> str:
    """Give the command, and strike at its moment; return how the command ended.

    Raises:
        SiteError: the moment did not come.

    """
    for _ in range(MAX_RUNS):
        with closing(watching(site)) as connection, giving(site, path) as command:
            before, limit = number(connection, strike.grows), time.monotonic() + MAX_WAIT
            while command.poll() is None and time.monotonic() < limit:
                if number(connection, strike.grows) > before:
                    strike.hit(site, psutil.Process(command.pid))
                    return ended(command)
                time.sleep(0.02)
            end = ended(command)
        if end.startswith("0"):
            break
    raise SiteError(f"the import was never where it is to be struck: {end}")


@contextmanager
def giving(site: Site, path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Give the command; nothing of it is left at the end, unless only its main process was killed."""
    flask = (sys.executable, "-m", "flask", "--app", "app")
    command = site.begin("run", "--", *flask, "events", "import", str(path), "--jobs", "2")
    try:
        yield command
    finally:
        if command.poll() is None:
            kill_all_of_it(site, psutil.Process(command.pid))


def ended(command: "subprocess.Popen[str]") -> str:
    """Wait for the end; return the exit status and what was said."""
    said, _ = command.communicate(timeout=MAX_COMMAND)
    return f"{command.returncode} {said}"


def watching(site: Site) -> Connection:
    """Connect, once PostgreSQL has recovered."""
    limit = time.monotonic() + MAX_WAIT
    while True:
        try:
            return database.connect(site.url)
        except psycopg2.OperationalError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.1)


def number(connection: Connection, query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchall()[0][0])


def history() -> list[Event]:
    """Return a day of other players in the order of its lines, which is none."""
    lines = [
        with_id(event) for event in day_of_play(seed=SEED, users=PLAYERS, events=LINES, first_user_id=FIRST_PLAYER)
    ]
    Random(SEED).shuffle(lines)  # noqa: S311 - it must be the same each time, not secret
    return lines


def in_order(event: Event) -> tuple[int, int]:
    """As an import sorts lines; those of one second keep their order."""
    return event.user_id, event.t


def written(lines: list[Event], path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["user_id", "t", "type", "amount", "event_id"])
        table.writerows([each.user_id, each.t, each.type, each.amount, each.event_id] for each in lines)
    return path


IMPORTS = (
    Scenario(name="kill -9 of an import, PostgreSQL and the service", inflict=kill_an_import, ends_service=True),
)
