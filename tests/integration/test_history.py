"""History queries return what a list would, and always use an index."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from app.config import sqlalchemy_url
from app.events.batch.queries import STORED_MANY, STORED_MANY_AS, HistoriesQuery
from app.events.domain import Decision
from app.events.history_query import HistoryQuery
from app.events.queries import LATEST, STORED, STORED_AS, EventQueries
from app.players.queries import IS_REGISTERED
from app.rules.engine import needs_of
from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds, Window
from app.rules.spans import Period, Seconds, Span, Unit
from lib.database import Database
from lib.statements import Statement, array_literal
from tests.builders import deposit, history_of, played_by, withdraw
from tests.edition_1 import RULES
from tests.integration.conftest import Sql
from tests.integration.query_plans import explained, nodes

# More than the rules need, so that every part of the question is asked on every event.
SPANS: list[Span] = [*map(Seconds, (3, 20, 21, 100)), Period(Unit.DAY, "UTC"), Period(Unit.WEEK, "Asia/Kathmandu")]
WIDE = HistoryNeeds(
    latest=4,
    latest_of={EventType.DEPOSIT: 3, EventType.WITHDRAW: 2},
    window={EventType.DEPOSIT: 30, EventType.WITHDRAW: 5},
    sums=frozenset(Window(kind, span) for kind in EventType for span in SPANS),
)
PAST = st.lists(st.tuples(st.sampled_from(EventType), st.integers(1, 9).map(Decimal), st.integers(0, 40)), max_size=15)


@pytest.fixture
def remembering(database: str) -> Iterator[Database]:
    engine = create_engine(sqlalchemy_url(database))
    yield Database(engine, deadline=60)
    engine.dispose()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(past=PAST)
def test_history_queries_return_what_a_list_would(
    remembering: Database, past: list[tuple[EventType, Decimal, int]]
) -> None:
    """For an event in the second of the last one, where both have ids (A49), and for one in a later second."""
    events = played_by(1, past, start=1)
    t = events[-1].t if events else 0
    nows = [deposit("1", t + 1), replace(deposit("1", t + 1), event_id="now")]
    if events and events[-1].event_id:
        nows.append(replace(deposit("1", t), event_id="now"))
    for now in nows:
        with remembering.transaction() as current:
            queries = EventQueries(current)
            for event in [*events, deposit("9", 5, user_id=2)]:
                queries.store(Decision(event=event, alert_codes=(), edition=1), seq=1)
            claim = queries.claim_next_moment(now, HistoryQuery("wide", WIDE))
            current.rollback()
        assert claim is not None
        assert claim.n == sum(each.t == now.t for each in events)
        assert_equal(claim.history, history_of(events, WIDE, now.t))


def assert_equal(read: History, expected: History) -> None:
    assert list(read.latest[: WIDE.latest]) == expected.latest
    for kind in EventType:
        wanted = expected.latest_of.get(kind, [])
        assert read.latest_of.get(kind, [])[: WIDE.latest_of.get(kind, 0)] == wanted
        assert read.window.get(kind, []) == expected.window.get(kind, [])
    assert read.sums == expected.sums


def test_without_needs_only_the_claim_is_queried(remembering: Database) -> None:
    query = HistoryQuery("none", HistoryNeeds())
    with remembering.transaction() as current:
        queries = EventQueries(current)
        nothing = History(
            latest=(), latest_of={kind: [] for kind in EventType}, window={kind: [] for kind in EventType}
        )
        assert queries.claim_next_moment(deposit("1", 5), query) == (nothing, 1, 0, 0, None, ())
        queries.store(Decision(event=deposit("1", 5), alert_codes=(), edition=1), seq=1)
        assert queries.claim_next_moment(deposit("1", 5), query) is None, "it stands already"
        assert queries.claim_next_moment(deposit("1", 4), query) is None, "it is late"
        assert queries.claim_next_moment(deposit("1", 6), query) is not None
        current.rollback()


HEAVY, LIGHT, OTHERS = 7, 8, 400
HEAVY_EVENTS = 60_000
MAX_WINDOW = 30  # seconds, so no more events of a player lie within it


@pytest.fixture(params=["statistics as they are", "statistics of players with deposits only"])
def crowd(request: pytest.FixtureRequest, sql: Sql, database: str) -> str:
    """A player with very many withdrawals after three old deposits, another with few events, and many others."""
    insert = "INSERT INTO activity_event (user_id, t, type, amount, alert_codes) SELECT"
    sql(f"{insert} 1000 + n % {OTHERS}, n, 'deposit', 1, '{{}}' FROM generate_series(1, 8000) AS n")
    # As many clocks as users: a table of one page is read as a whole, and rightly so.
    sql("INSERT INTO user_clock (user_id, last_t) SELECT n, 0 FROM generate_series(100000, 120000) AS n")
    sql("INSERT INTO registered_user (user_id, name, email) SELECT n, 'x', n FROM generate_series(1, 5000) AS n")
    sql("ANALYZE user_clock, registered_user")
    if request.param != "statistics as they are":
        # The worst that a planner can believe: that any event it walks over will be a deposit.
        sql("ANALYZE activity_event")
    sql(f"{insert} {LIGHT}, n, 'deposit', n, '{{}}' FROM generate_series(1, 10) AS n")
    sql(f"{insert} {HEAVY}, n, 'deposit', n, '{{}}' FROM generate_series(1, 3) AS n")
    sql(f"{insert} {HEAVY}, n, 'withdraw', 1, '{{}}' FROM generate_series(4, {HEAVY_EVENTS}) AS n")
    if request.param == "statistics as they are":
        sql("ANALYZE activity_event")
    return database


@pytest.mark.parametrize("event", [deposit("1", HEAVY_EVENTS + 9, HEAVY), withdraw("1", HEAVY_EVENTS + 9, HEAVY)])
def test_the_last_deposits_after_many_withdrawals_are_found_by_index(crowd: str, event: ActivityEvent) -> None:
    query = HistoryQuery("asked", needs_of(RULES, event.type))
    plain = explained(crowd, query.plain.statement.prepare, f"asked ({event.user_id}, {event.t})")
    with_id = explained(crowd, query.with_id.statement.prepare, f"asked_with_id ({event.user_id}, {event.t}, 'tx-1')")
    for node in (*nodes(plain), *nodes(with_id)):
        assert "Seq Scan" not in node["Node Type"], node
        assert node["Actual Rows"] + node.get("Rows Removed by Filter", 0) <= MAX_WINDOW, node
        assert node["Shared Hit Blocks"] + node["Shared Read Blocks"] < 2 * MAX_WINDOW, node


def test_the_histories_of_many_players_are_found_by_index(crowd: str, sql: Sql) -> None:
    """As many clocks at the end of their players' events, the one with very many of them included."""
    users = [HEAVY, LIGHT, *range(1000, 1000 + OTHERS)]
    sql(
        "INSERT INTO user_clock (user_id, last_t) SELECT user_id, max(t) + 9 FROM activity_event"
        " WHERE user_id = ANY (%s) GROUP BY user_id",
        users,
    )
    query = HistoriesQuery("asked", needs_of(RULES, EventType.DEPOSIT) | needs_of(RULES, EventType.WITHDRAW), "1")
    begin = "SET enable_seqscan = off"
    of_all, ids = array_literal(users), array_literal(f"tx-{user_id}" for user_id in users)
    plain = explained(crowd, f"{begin}; {query.statement.prepare}", f"asked ('{of_all}')")
    with_ids = explained(
        crowd, f"{begin}; {query.with_ids.prepare}", f"asked_with_ids ('{of_all}', '{of_all}', '{ids}')"
    )
    stored = [
        explained(crowd, f"{begin}; {statement.prepare}", f"{statement.name} ('{of_all}', '{second}')")
        for statement, second in ((STORED_MANY, of_all), (STORED_MANY_AS, ids))
    ]
    for node in chain.from_iterable(map(nodes, (plain, with_ids, *stored))):
        assert "Seq Scan" not in node["Node Type"], node
        if "Relation Name" in node:
            read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)  # each time it was carried out
            assert read * node["Actual Loops"] <= MAX_WINDOW * len(users), node
            assert node["Shared Hit Blocks"] + node["Shared Read Blocks"] < MAX_WINDOW * len(users), node


SINGLE = [
    (STORED, f"({HEAVY}, 9)"),
    (STORED_AS, f"({HEAVY}, 'tx-9')"),
    (LATEST, f"({HEAVY})"),
    (IS_REGISTERED, f"({HEAVY})"),
]


@pytest.mark.parametrize(("statement", "values"), SINGLE, ids=[statement.name for statement, _ in SINGLE])
def test_every_other_query_of_an_event_reads_one_row_by_its_key(crowd: str, statement: Statement, values: str) -> None:
    for node in nodes(explained(crowd, statement.prepare, f"{statement.name} {values}")):
        assert "Seq Scan" not in node["Node Type"], node
        assert node["Actual Rows"] + node.get("Rows Removed by Filter", 0) <= 1, node
