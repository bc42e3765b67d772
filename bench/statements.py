"""The same statements without an application: what PostgreSQL itself costs, driven by pgbench.

The SQL is the service's own, in the same round trips: BEGIN with the claim, the history, the event with COMMIT.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.config import Settings
from app.datastores import engine_options
from app.events.controllers import EventPolicy
from app.events.domain import EventType
from app.events.queries import CLAIM, STORE
from bench.errors import BenchError, ToolMissing
from bench.wrk import T_STEP
from lib.local.binaries import embedded_folder, system_folders
from lib.transactions import Statement

_DEPOSITS, _WITHDRAWS = 7, 3  # of ten events, as the load generator sends them
_PATIENCE = 30  # seconds
_EVENT = ("user_id", "t", "type", "amount", "codes")
_NEXT = r"""
\set n :n + 1
\set user_id 1 + :client_id + {clients} * ((:n * 7919) % {share})
\set t {first_t} + {step} * (:n / {share})
"""


def drive(url: str, settings: Settings, *, users: int, first_t: int, seconds: int) -> int:
    """Run the statements of an event over and over for some seconds; return how many events that were.

    Raises:
        BenchError: pgbench failed.
        ToolMissing: there is none.

    """
    clients = settings.web_workers * settings.web_threads
    begin = _NEXT.format(clients=clients, share=users // clients, first_t=first_t, step=T_STEP)
    with tempfile.TemporaryDirectory() as folder:
        files = [_script(Path(folder), settings, kind, begin) for kind in EventType]
        said = _pgbench(url, settings, [f"--client={clients}", f"--time={seconds}", *files])
    done = re.search(r"actually processed: (\d+)", said)
    if done is None or "failed transactions: 0 " not in said:
        raise BenchError(f"pgbench failed:\n{said}")
    return int(done.group(1))


def find() -> str:
    """Find pgbench beside the programs of PostgreSQL.

    Raises:
        ToolMissing: there is none.

    """
    for folder in filter(None, (embedded_folder(), *system_folders())):
        if os.access(folder / "pgbench", os.X_OK):
            return str(folder / "pgbench")
    raise ToolMissing("pgbench is not installed: apt install postgresql")


def _script(folder: Path, settings: Settings, kind: EventType, begin: str) -> str:
    history = EventPolicy.of(settings).questions[kind].statement
    trips = [["BEGIN ISOLATION LEVEL READ COMMITTED", _bound(CLAIM)], [_bound(STORE), "COMMIT"]]
    if history is not None:
        trips.insert(1, [_bound(history)])
    lines = [line for trip in trips for line in (r"\startpipeline", *(f"{each};" for each in trip), r"\endpipeline")]
    file = folder / f"{kind}.sql"
    file.write_text("\n".join([begin, *lines, ""]).replace(":type::", f"'{kind}'::"))
    return f"--file={file}@{_DEPOSITS if kind is EventType.DEPOSIT else _WITHDRAWS}"


def _bound(statement: Statement) -> str:
    """Return the SQL with pgbench's variables for its parameters, on one line as pgbench wants it."""
    names = dict(enumerate(zip(_EVENT, statement.types, strict=False), start=1))
    sql = re.sub(r"\$(\d+)", lambda found: ":{}::{}".format(*names[int(found.group(1))]), statement.sql)
    return " ".join(sql.split())


def _pgbench(url: str, settings: Settings, options: list[str]) -> str:
    done = subprocess.run(
        [find(), "--no-vacuum", "--protocol=prepared", "--jobs=2", "-Dn=0", "-Damount=42.00", "-Dcodes={}", *options],
        env={**os.environ, **_connection(url, settings)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_PATIENCE * 4,
        check=False,
    )
    return done.stdout


def _connection(url: str, settings: Settings) -> dict[str, str]:
    """Name the database and the settings of its sessions, which are those of the service's connections."""
    parts = urlsplit(url)
    arguments = engine_options(settings)["connect_args"]
    options = arguments.get("options", "") if isinstance(arguments, dict) else ""
    return {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
        "PGOPTIONS": options,
    }
