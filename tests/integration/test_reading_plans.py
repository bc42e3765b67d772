"""Reading back always uses an index and reads no more than a page, whatever the player's history."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import pytest

from app.events.reading.activity_queries import ADD_UP_BATCH, MAX_UNCOUNTED, ActivityQueries
from app.events.reading.domain import Moment, StoredDecision
from app.events.reading.queries import MAX_ANSWERS, MAX_WALKED, ReadingQueries
from app.players.domain import NewPlayer, PageQuery
from app.players.queries import PlayerQueries
from lib.database import Database
from lib.statements import Statement
from lib.transactions import Transaction
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

HEAVY, LIGHT, OTHERS = 7, 8, 400
HEAVY_EVENTS = 20_000
LIGHT_EVENTS = 10
ANSWERS = ("{1100}", "{30,1100}", "{300,1100}", "{30}")  # of the heavy player, in turn; 123 came once, long ago
ANSWERS_WITH = {1100: 3, 30: 2, 300: 1, 123: 1, 5: 0}
FIND_ANSWERS = 10  # rows at most that it takes to step from one answer to the next

READ = Statement(
    "rows_read",
    ("text[]",),
    "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables WHERE relname = ANY ($1)",
)

Answer = TypeVar("Answer")

# What a planner may believe when it makes the plan for all players.
STATISTICS = {
    "true": "heavy light others",
    "of others only": "light others",
    "of the heavy player only": "heavy",
    "of one answer only": "one",
    "of five players with thousands of alerts": "thousands",
}


@pytest.fixture(params=STATISTICS.values(), ids=list(STATISTICS))
def reading(request: pytest.FixtureRequest, sql: Sql, app_with: AppWith) -> Database:
    """A player with very many events that all raise something, one with few, many others; and a planner's belief."""
    insert = "INSERT INTO activity_event (user_id, t, type, amount, alert_codes) SELECT"
    answers = ", ".join(f"'{codes}'" for codes in ANSWERS)
    parts = {
        "one": f"{HEAVY}, {HEAVY_EVENTS} + n, 'withdraw', 101, '{{1100}}' FROM generate_series(1, 5000) AS n",
        "thousands": "2000 + n % 5, n, 'withdraw', 101, '{1100}' FROM generate_series(1, 20000) AS n",
        "others": f"1000 + n % {OTHERS}, n, 'deposit', 1, '{{}}' FROM generate_series(1, 8000) AS n",
        "light": f"{LIGHT}, n, 'deposit', 1, '{{}}' FROM generate_series(1, {LIGHT_EVENTS}) AS n",
        "heavy": f"{HEAVY}, n, 'withdraw', 101, (ARRAY[{answers}])[1 + n % {len(ANSWERS)}]::integer[]"
        f" FROM generate_series(1, {HEAVY_EVENTS}) AS n",
    }
    # Counted are rows of the table; on pages that autovacuum has been through, the index alone would answer.
    sql("ALTER TABLE activity_event SET (autovacuum_enabled = false)")
    known = request.param.split()
    for part in known:
        sql(f"{insert} {parts[part]}")
    sql("ANALYZE activity_event")
    for part in parts.keys() - known:
        sql(f"{insert} {parts[part]}")
    sql(f"{insert} {HEAVY}, 0, 'deposit', 201, '{{123}}'")
    database: Database = wiring(app_with()).database
    return database


def counted(database: Database, ask: Callable[[ReadingQueries], Answer]) -> tuple[Answer, int]:
    """Ask, and count the rows of events that were touched for the answer."""
    return rows_touched(database, ["activity_event"], lambda current: ask(ReadingQueries(current)))


def counted_up(database: Database, ask: Callable[[ActivityQueries], Answer]) -> tuple[Answer, int]:
    """Ask for what a player has done so far, and count the rows of events."""
    return rows_touched(database, ["activity_event"], lambda current: ask(ActivityQueries(current)))


def rows_touched(database: Database, tables: Sequence[str], ask: Callable[[Transaction], Answer]) -> tuple[Answer, int]:
    with database.transaction() as current:
        # A session's counts begin anew now and then, but never within a transaction.
        [(before,)] = current.fetch(READ, tables)
        answer = ask(current)
        [(after,)] = current.fetch(READ, tables)
        current.commit()
    return answer, after - before


def page(before: Moment | None, code: int | None, most: int) -> Callable[[ReadingQueries], list[StoredDecision]]:
    return lambda asked: asked.latest_events(HEAVY, before=before, code=code, most=most)[0]


PAGES = [(None, 2), (None, 201), (Moment(HEAVY_EVENTS // 2), 201), (Moment(10), 201)]


@pytest.mark.parametrize(("before", "most"), PAGES)
def test_a_page_reads_no_more_than_a_page(reading: Database, before: Moment | None, most: int) -> None:
    found, read = counted(reading, page(before, None, most))
    assert read == len(found)
    for code, answers in ANSWERS_WITH.items():
        found, read = counted(reading, page(before, code, most))
        assert len(found) <= read <= answers * most + FIND_ANSWERS, code


def test_a_summary_reads_only_the_rows_of_its_player(reading: Database) -> None:
    activity, read = counted_up(reading, lambda asked: asked.activity(LIGHT))
    assert activity
    assert activity.deposits.count == LIGHT_EVENTS
    assert read == LIGHT_EVENTS + 1


def test_no_request_sums_a_whole_history(reading: Database, sql: Sql) -> None:
    sql("INSERT INTO user_clock (user_id, last_t) VALUES (%s, %s)", HEAVY, HEAVY_EVENTS)
    activity, read = counted_up(reading, lambda asked: asked.activity(HEAVY))
    assert activity is None
    assert read == MAX_UNCOUNTED + 2
    _, read = counted_up(reading, lambda asked: asked.add_up_more(HEAVY))
    assert read <= ADD_UP_BATCH
    for _ in range(2):
        with reading.transaction() as current:
            ActivityQueries(current).add_up_more(HEAVY)
            current.commit()
    activity, read = counted_up(reading, lambda asked: asked.activity(HEAVY))
    assert activity
    assert [(activity.deposits.count + activity.withdrawals.count,)] == sql(
        "SELECT count(*) FROM activity_event WHERE user_id = %s", HEAVY
    )
    assert read == 1, "the latest event"


def test_a_page_of_a_code_costs_the_same_for_any_mix_of_answers(reading: Database, sql: Sql) -> None:
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
        " SELECT 9, n, 'deposit', 1, ARRAY[1, 10000 + n] FROM generate_series(1, 30000) AS n"
    )
    for code, most in ((1, 201), (5, 0)):
        ask = partial(ReadingQueries.latest_events, user_id=9, before=None, code=code, most=201)
        (found, ended_at), read = counted(reading, ask)
        assert len(found) == most
        assert ended_at == (None if most else Moment(30000 - MAX_WALKED + 1))
        assert read <= MAX_WALKED + MAX_ANSWERS + FIND_ANSWERS


@pytest.fixture
def register(sql: Sql, app_with: AppWith) -> Database:
    """A register and clocks of many players; the ids just above it have events."""
    sql(
        "INSERT INTO registered_user (user_id, name, email)"
        " SELECT n, 'x', n || '@example.com' FROM generate_series(1, 20000) AS n"
    )
    sql("INSERT INTO user_clock (user_id, last_t) SELECT n, 1 FROM generate_series(1, 20100) AS n")
    sql("ANALYZE registered_user, user_clock")
    return wiring(app_with()).database


OF_REGISTER: list[tuple[Callable[[PlayerQueries], object], int]] = [
    (lambda asked: asked.greatest_id(), 1),
    (lambda asked: asked.taken_by_others(NewPlayer(user_id=5, name="x", email="6@example.com")), 2),
    (lambda asked: asked.taken_by_others(NewPlayer(name="x", email="6@example.com")), 1),
    (lambda asked: asked.players_after(PageQuery(limit=200, after=10000), 201), 201),
    (lambda asked: asked.players_after(PageQuery(limit=1, after=10000), 2), 2),
    (lambda asked: asked.players_after(PageQuery(limit=50, search="10000"), 51), 2),
    (lambda asked: asked.players_after(PageQuery(limit=50, search="6@Example.com"), 51), 2),
    (lambda asked: asked.first_id_without_events(20001, 120000), 100),
]


@pytest.mark.parametrize(("ask", "most"), OF_REGISTER)
def test_the_register_is_read_by_its_keys(
    register: Database, ask: Callable[[PlayerQueries], object], most: int
) -> None:
    tables = ["registered_user", "user_clock"]
    _, read = rows_touched(register, tables, lambda current: ask(PlayerQueries(current)))
    assert read <= most
