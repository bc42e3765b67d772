"""The same statements without an application: what PostgreSQL itself costs, driven by pgbench.

The SQL is the service's own: BEGIN with the claim and the history, then the event with COMMIT.
"""

import os
import re
import runpy
import subprocess
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.config import Settings
from app.events.history_query import history_queries
from app.events.queries import CLAIM, STORE
from app.rulebook.forms import parse_rules
from app.rules.engine import Evaluator, RuleSet
from app.rules.event import EventType
from app.sessions import settings_per_session
from bench.errors import BenchError, ToolMissing
from bench.wrk import T_STEP
from lib.local.binaries import embedded_folder, system_folders
from lib.statements import Statement

_DEPOSITS, _WITHDRAWALS = 7, 3  # of ten events, as the load generator sends them
_PATIENCE = 30  # seconds
_EVENT = ("user_id", "t", "type", "amount", "codes", "edition", "seq", "key_id")
# The four rules of the contract, whatever is live in the database.
_RULES = parse_rules(runpy.run_path("migrations/versions/0004_rule_book_and_alerts.py")["EDITION_1"])
_NEXT = r"""
\set n :n + 1
\set user_id 1 + :client_id + {clients} * ((:n * 7919) % {share})
\set t {first_t} + {step} * (:n / {share})
"""


class Protocol(StrEnum):
    """How the statements are sent: prepared, in the service's own round trips, or as SQL text, one after the other."""

    PREPARED = "prepared"
    SIMPLE = "simple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """The statements of events, run over and over for so many users."""

    url: str
    settings: Settings
    users: int
    protocol: Protocol

    def run(self, *, first_t: int, seconds: int) -> int:
        """Run them for some seconds; return how many events that were.

        Raises:
            BenchError: pgbench failed.
            ToolMissing: there is none.

        """
        clients = self.settings.web_workers * self.settings.web_threads
        begin = _NEXT.format(clients=clients, share=self.users // clients, first_t=first_t, step=T_STEP)
        with tempfile.TemporaryDirectory() as folder:
            files = [self._script(Path(folder), kind, begin) for kind in (EventType.DEPOSIT, EventType.WITHDRAW)]
            options = [f"--protocol={self.protocol}", f"--client={clients}", f"--time={seconds}", *files]
            said = _pgbench(self.url, self.settings, options)
        done = re.search(r"actually processed: (\d+)", said)
        if done is None or "failed transactions: 0 " not in said:
            raise BenchError(f"pgbench failed:\n{said}")
        return int(done.group(1))

    def _script(self, folder: Path, kind: EventType, begin: str) -> str:
        history = _bound(history_queries(Evaluator.of(RuleSet(edition=1, rules=_RULES)))[kind].plain.statement)
        trips = [["BEGIN ISOLATION LEVEL READ COMMITTED", _bound(CLAIM), history], [_bound(STORE), "COMMIT"]]
        lines = [line for trip in trips for line in self._sent([f"{each};" for each in trip])]
        file = folder / f"{kind}.sql"
        script = "\n".join([begin, *lines, ""])
        file.write_text(
            script.replace(":type::", f"'{kind}'::")
            .replace(":codes::", "'{}'::")
            .replace(":edition::", "1::")
            .replace(":seq::", "1::")
            .replace(":key_id::", "NULL::")
        )
        return f"--file={file}@{_DEPOSITS if kind is EventType.DEPOSIT else _WITHDRAWALS}"

    def _sent(self, trip: list[str]) -> list[str]:
        """Return the lines that send one round trip; as plain SQL, pgbench sends each statement for itself."""
        return trip if self.protocol is Protocol.SIMPLE else [r"\startpipeline", *trip, r"\endpipeline"]


def find() -> str:
    """Find pgbench beside the programs of PostgreSQL.

    Raises:
        ToolMissing: there is none.

    """
    for folder in filter(None, (embedded_folder(), *system_folders())):
        if os.access(folder / "pgbench", os.X_OK):
            return str(folder / "pgbench")
    raise ToolMissing("pgbench is not installed: apt install postgresql")


def _bound(statement: Statement) -> str:
    """Return the SQL with pgbench's variables for its parameters, on one line as pgbench wants it."""
    names = dict(enumerate(zip(_EVENT, statement.types, strict=False), start=1))
    sql = re.sub(r"\$(\d+)", lambda found: ":{}::{}".format(*names[int(found.group(1))]), statement.sql)
    return " ".join(sql.split())


def _pgbench(url: str, settings: Settings, options: list[str]) -> str:
    done = subprocess.run(
        [find(), "--no-vacuum", "--jobs=2", "-Dn=0", "-Damount=42.00", *options],
        env={**os.environ, **_connection(url, settings)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_PATIENCE * 4,
        check=False,
    )
    return done.stdout


def _connection(url: str, settings: Settings) -> dict[str, str]:
    """Return the connection string, with the session settings of the service's connections."""
    parts = urlsplit(url)
    within = settings_per_session(settings).items()
    options = " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in within)
    return {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
        "PGOPTIONS": options,
    }
