"""The prepared statements of a connection stay bounded, however often the rules change (A18)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count

import pytest
from apiflask import APIFlask

from app.events.history_query import history_queries
from app.rulebook.forms import parse_rules
from app.rules.event import MONEY_TYPES
from app.rules.rule import Rule
from lib.database import Database
from lib.statements import Statement
from tests.edition_1 import WRITTEN
from tests.integration.books import publish, shadow
from tests.integration.clients import codes, send
from tests.integration.wiring import wiring

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

KEPT = Statement("kept_histories", (), "SELECT name FROM pg_prepared_statements WHERE name LIKE 'history%' ORDER BY 1")
PUBLICATIONS = 5


@pytest.fixture
def books(app: APIFlask) -> Database:
    found: Database = wiring(app).database
    return found


def kept(books: Database) -> list[str]:
    """Return what is prepared on the connection that events use."""
    return [name for (name,) in books.run(lambda current: current.fetch(KEPT))]


def histories(*editions: int) -> list[str]:
    return [f"history_{'_'.join(map(str, editions))}_{kind}" for kind in ("deposit", "withdraw")]


def rules_above(amount: int) -> Sequence[Rule]:
    return parse_rules([{**WRITTEN[3], "above": f"{amount}.00"}])


def test_statements_of_replaced_editions_are_deallocated(app: APIFlask, books: Database) -> None:
    client, t = app.test_client(), count(1)
    for amount in range(1, PUBLICATIONS + 1):
        live = publish(app, rules_above(amount))
        for kind in ("deposit", "withdraw"):
            send(client, kind, "1", next(t))
        assert kept(books) == histories(live)
    beside = shadow(app, rules_above(PUBLICATIONS + 1))
    send(client, "deposit", "1", next(t))
    # The other one is prepared on first use; those of the previous pair went with the first query.
    assert kept(books) == histories(live, beside)[:1]
    assert codes(send(client, "withdraw", "6", next(t))) == [1100]
    assert kept(books) == histories(live, beside)


def test_every_connection_deallocates_old_statements(app: APIFlask, books: Database) -> None:
    def play(user_id: int) -> None:
        client = app.test_client()
        for t in range(1, 30):
            kind = "deposit" if t % 2 else "withdraw"
            assert send(client, kind, "1", t, user_id).status_code == 200

    with ThreadPoolExecutor(4) as threads:
        playing = [threads.submit(play, user_id) for user_id in range(1, 5)]
        for amount in range(1, PUBLICATIONS + 1):
            live = publish(app, rules_above(amount))
        for each in playing:
            each.result()
    with ExitStack() as held:
        # Those that were used and more: the question of an event on each, then a look at what it keeps.
        for user_id in range(11, 11 + 6):
            current = held.enter_context(books.transaction())
            evaluator = wiring(app).rule_book.current()
            for kind in MONEY_TYPES:
                current.fetch(history_queries(evaluator)[kind].plain.statement, user_id, 1)
            assert [name for (name,) in current.fetch(KEPT)] == histories(live)
