"""Short ways to import files in tests, in this process: others take a second to start."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

from apiflask import APIFlask
from click.testing import Result

from app.intake import cli
from app.intake.under_way import ImportRun
from app.rules.event import ActivityEvent
from tests.builders import as_sent
from tests.integration.conftest import Sql
from tests.integration.judging import in_this_process

ROWS = {
    "events": "SELECT user_id %% %s, t, n, type, amount, alert_codes, edition, key_id, seq, event_id"
    " FROM activity_event WHERE user_id / %s = %s ORDER BY user_id, t, n",
    "alerts": "SELECT user_id %% %s, t, n, code, shadow, edition, fresh, evidence FROM alert"
    " WHERE user_id / %s = %s ORDER BY user_id, t, n, shadow, code",
    "clocks": "SELECT user_id %% %s, last_t, events FROM user_clock WHERE user_id / %s = %s ORDER BY user_id",
}
APART = 1000  # between two groups of players


@dataclass(frozen=True, slots=True)
class Site:
    """An application, and a folder for files."""

    app: APIFlask
    sql: Sql
    folder: Path

    def send(self, events: list[ActivityEvent]) -> list[int]:
        """Send events one by one; return the answers' statuses."""
        client = self.app.test_client()
        return [client.post("/event", json=as_sent(event).body()).status_code for event in events]

    def file(self, events: list[ActivityEvent]) -> Path:
        return csv_of(self.folder / "events.csv", events)

    def stored(self, group: int) -> dict[str, list[tuple[object, ...]]]:
        """Return all that is stored of a group of players, without what depends on when it was."""
        return {name: self.sql(query, APART, APART, group) for name, query in ROWS.items()}


@contextmanager
def here(span: int = 10_000) -> Iterator[None]:
    """Import in this process, in spans of so many events."""
    with patch.object(cli, "ImportRun", partial(ImportRun, open_pool=in_this_process, span=span)):
        yield


def run(app: APIFlask, *words: object, span: int = 10_000) -> Result:
    with here(span):
        return app.test_cli_runner().invoke(args=["events", "import", *map(str, words)])


def imported(app: APIFlask, *words: object, span: int = 10_000) -> str:
    """Return what an import says that succeeds."""
    done = run(app, *words, span=span)
    assert done.exit_code == 0, done.output
    return done.output


def refused(app: APIFlask, *words: object, span: int = 10_000) -> str:
    """Return what an import says that is refused."""
    done = run(app, *words, span=span)
    assert done.exit_code == 1, done.output
    return done.output


def csv_of(path: Path, events: list[ActivityEvent]) -> Path:
    lines = [f"{each.user_id},{each.t},{each.type},{each.amount},{each.event_id or ''}" for each in events]
    path.write_text("\n".join(["user_id,t,type,amount,event_id", *lines, ""]))
    return path
