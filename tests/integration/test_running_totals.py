"""Sums of long windows are right and cost the same, whatever the windows hold (A59)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

import flask_migrate
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from app.config import sqlalchemy_url
from app.events import running_totals
from app.events.batch.queries import BatchQueries, HistoriesQuery
from app.events.domain import Decision
from app.events.history_query import HistoryQuery, read_claim
from app.events.queries import EventQueries
from app.events.revising.correction_queries import CorrectionQueries
from app.events.revising.domain import Correction, Place
from app.events.revising.queries import COUNT_LATE, RevisingQueries
from app.rules.event import ActivityEvent, EventType
from app.rules.history import HistoryNeeds, Window
from app.rules.spans import Period, Seconds, Span, Unit
from lib.database import Database
from lib.statements import Statement
from lib.transactions import Transaction
from tests.builders import deposit, history_of
from tests.integration.books import publish, window
from tests.integration.clients import codes, send
from tests.integration.conftest import AppWith, Sql, Unmigrated
from tests.integration.judging import verified
from tests.integration.query_plans import explained, nodes, rows_read

USER = 1
SPANS: list[Span] = [
    *map(Seconds, (9, 40, 41)),
    Period(Unit.DAY, "Europe/Amsterdam"),
    Period(Unit.MONTH, "Europe/Amsterdam"),
]
NEEDS = HistoryNeeds(sums=frozenset(Window(kind, span) for kind in EventType for span in SPANS))
SHORTER = HistoryNeeds(
    sums=frozenset(
        {
            Window(EventType.DEPOSIT, Seconds(9)),
            Window(EventType.WITHDRAW, Seconds(40)),
            Window(EventType.DEPOSIT_FAILED, SPANS[3]),
        }
    )
)
QUERIES = [
    (needs, HistoryQuery(f"running_{no}", needs), HistoriesQuery(f"runnings_{no}", needs, ""))
    for no, needs in enumerate((NEEDS, SHORTER))
]


@pytest.fixture
def database_of_sums(database: str) -> Iterator[Database]:
    engine = create_engine(sqlalchemy_url(database))
    yield Database(engine, deadline=60)
    engine.dispose()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few events leave running totals, some at a time."""
    monkeypatch.setattr(running_totals, "BLOCK", 3)
    monkeypatch.setattr(running_totals, "MAX_COUNTED", 12)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happens next: `what` says how; the event is `gap` seconds after the last, 0 for the same second."""

    what: str
    kind: EventType
    amount: Decimal
    gap: int
    rules: int


STEPS = st.builds(
    Step,
    what=st.sampled_from([*["event", "batch"] * 12, "late", "late of the release before", "reversal", "amendment"]),
    kind=st.sampled_from(EventType),
    amount=st.integers(1, 999).map(lambda cents: Decimal(cents) / 100),
    gap=st.sampled_from([0, 0, 1, 1, 1, 2, 3, 60]),
    rules=st.sampled_from([0, 0, 1]),
)


@dataclass
class Play:
    """A player's events, as a list and as the service stores them."""

    current: Transaction
    standing: list[ActivityEvent] = field(default_factory=list)
    places: set[tuple[int, int]] = field(default_factory=set)
    t: int = 1_793_487_500  # 100 s before November begins in Amsterdam

    def take(self, step: Step) -> None:
        if step.what in {"event", "batch"}:
            self._take_event(step)
        elif self.standing and step.what in {"reversal", "amendment"}:
            self._correct(step, self.standing[int(step.amount * 100) % len(self.standing)])
        elif self.standing:
            self._take_late(step)

    def _event(self, step: Step, t: int) -> ActivityEvent:
        n = max((n for at, n in self.places if at == t), default=-1) + 1
        self.places.add((t, n))
        return ActivityEvent(user_id=USER, t=t, type=step.kind, amount=step.amount, n=n, event_id=f"{t}-{n}")

    def _take_event(self, step: Step) -> None:
        self.t += step.gap
        event, (needs, single, many) = self._event(step, self.t), QUERIES[step.rules]
        if step.what == "event":
            claim = EventQueries(self.current).claim_next_moment(event, single)
        else:
            rows = BatchQueries(self.current).claim({USER: [event]}, many)[USER]
            claim = read_claim(event, rows, many)
        assert claim
        assert claim.history.sums == history_of(self.standing, needs, event.t).sums
        EventQueries(self.current).store(decided(event), claim.seq)
        EventQueries(self.current).write_totals(event, claim.lags)
        self._add(event)

    def _take_late(self, step: Step) -> None:
        event = self._event(step, max(self.standing[-1].t - step.gap - 1, 0))
        if event.t >= self.standing[-1].t:
            return
        if step.what == "late":
            _, seq = RevisingQueries(self.current).count_late(USER)
            RevisingQueries(self.current).store_late(decided(event, taken_after=self.t), seq, None, None)
        else:  # as a release that knows no running totals
            self.current.fetch(COUNT_LATE, USER)
            EventQueries(self.current).store(decided(event), 0)
        self._add(event)

    def _correct(self, step: Step, event: ActivityEvent) -> None:
        amends = step.what == "amendment"
        correction = Correction(
            reason="wrong",
            actor="ann",
            type=step.kind if amends else None,
            amount=step.amount if amends else None,
        )
        CorrectionQueries(self.current).correct(USER, Place(event.t, event.n), correction)
        self.standing.remove(event)
        if amends:
            self._add(replace(event, type=step.kind, amount=step.amount))
        elif event.t == self.t and self.standing:
            self.t = self.standing[-1].t

    def _add(self, event: ActivityEvent) -> None:
        self.standing = sorted([*self.standing, event], key=lambda each: (each.t, each.n))


def decided(event: ActivityEvent, taken_after: int | None = None) -> Decision:
    return Decision(event=event, alert_codes=(), edition=1, taken_after=taken_after)


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=20, max_size=70))
def test_sums_are_those_of_a_list(database_of_sums: Database, steps: list[Step]) -> None:
    """After any mixture of events one by one and in batches, late ones and corrections, under changing rules."""
    with database_of_sums.transaction() as current:
        play = Play(current)
        for step in steps:
            play.take(step)
        current.rollback()


@pytest.mark.usefixtures("small_blocks")
def test_a_window_longer_than_all_time_has_one_series(database_of_sums: Database) -> None:
    """A `t` need not be Unix time: then windows may open below 0, where no series begins."""
    needs = HistoryNeeds(sums=frozenset({Window(EventType.DEPOSIT, Seconds(1000))}))
    query = HistoryQuery("before_all_time", needs)
    with database_of_sums.transaction() as current:
        events = EventQueries(current)
        for t in range(1, 31):
            claim = events.claim_next_moment(deposit("1", t), query)
            assert claim
            events.store(decided(deposit("1", t)), claim.seq)
            events.write_totals(deposit("1", t), claim.lags)
        series = current.fetch(
            Statement("series", (), "SELECT count(DISTINCT series), count(*) > 3 FROM running_total")
        )
        current.rollback()
    assert [*map(tuple, series)] == [(1, True)]


HEAVY, HELD = 7, 100_000
MONTH = 31 * 24 * 3600
OPENS = 40_000  # of the window, in the middle of the events
NOW = OPENS + MONTH
LONG = HistoryNeeds(
    sums=frozenset({Window(EventType.DEPOSIT, Seconds(MONTH)), Window(EventType.DEPOSIT, Seconds(MONTH - 7))})
)
FILL = """
    INSERT INTO activity_event (user_id, t, type, amount, alert_codes)
    SELECT {user}, {opens} - 1000 + n * 20, 'deposit', 1, '{{}}' FROM generate_series(1, {events}) AS n
"""


@pytest.fixture(params=["statistics as they are", "no statistics"])
def heavy(request: pytest.FixtureRequest, sql: Sql, database_of_sums: Database) -> Database:
    """A player with very many events in the window, whose next events wrote running totals."""
    sql(FILL.format(user=HEAVY, opens=OPENS, events=HELD))
    sql("INSERT INTO user_clock (user_id, last_t, events) VALUES (%s, %s, %s)", HEAVY, NOW - 99, HELD)
    query, reads = HistoryQuery("heavy", LONG), []
    for t in range(NOW - 98, NOW - 90):
        with database_of_sums.transaction() as current:
            queries = EventQueries(current)
            claim = queries.claim_next_moment(deposit("1", t, HEAVY), query)
            assert claim
            queries.store(decided(deposit("1", t, HEAVY)), claim.seq)
            queries.write_totals(deposit("1", t, HEAVY), claim.lags)
            current.commit()
        reads.append(sum(lag.events for lag in claim.lags))
    assert reads[0] > HELD - 100, "without running totals all are read"
    assert reads[-1] == 0
    if request.param == "statistics as they are":
        sql("ANALYZE activity_event, running_total, user_clock")
    return database_of_sums


@pytest.mark.usefixtures("heavy")
def test_a_sum_reads_no_more_however_many_events_its_window_holds(sql: Sql, database: str) -> None:
    most = running_totals.BLOCK * (1 + len(LONG.sums)) + 20
    query, of_many = HistoryQuery("asked", LONG), HistoriesQuery("asked_of_many", LONG, "")
    assert query.plain.totals
    assert query.with_id.totals
    plans = [
        explained(database, query.plain.statement.prepare, f"asked ({HEAVY}, {NOW})"),
        explained(database, query.with_id.statement.prepare, f"asked_with_id ({HEAVY}, {NOW}, 'tx-1')"),
        explained(database, query.plain.totals.prepare, f"asked_totals ({HEAVY}, {NOW})"),
        explained(database, query.with_id.totals.prepare, f"asked_with_id_totals ({HEAVY}, {NOW}, 'tx-1')"),
        explained(
            database,
            f"SET enable_seqscan = off; {of_many.statement.prepare}",
            f"asked_of_many ('{{{HEAVY}}}')",
        ),
    ]
    for plan in plans:
        assert 0 < rows_read(plan) <= most
        for node in nodes(plan):
            if node.get("Relation Name") in {"activity_event", "running_total"}:
                assert "Index" in node["Node Type"], node
    assert sql("SELECT count(*) BETWEEN 1500 AND 1600 FROM running_total") == [(True,)]


def test_the_default_rules_write_none(client: FlaskClient, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_totals, "BLOCK", 3)
    for t in range(20):
        send(client, "deposit", "1", t)
    assert sql("SELECT FROM running_total") == []


def test_nor_do_types_that_no_long_window_looks_at(app: APIFlask, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_totals, "BLOCK", 3)
    publish(app, [window(5, 3600)])
    for t in range(20):
        send(app.test_client(), "deposit" if t % 2 else "withdraw", "1", t)
    assert sql("SELECT DISTINCT type::text FROM running_total") == [("deposit",)]


def test_a_window_beyond_the_series_begins_another(app: APIFlask, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_totals, "BLOCK", 3)
    publish(app, [window(5, 1000)])
    client = app.test_client()
    for t in range(20_000, 25_000, 100):
        send(client, "deposit", "10", t)
    assert len(sql("SELECT DISTINCT series FROM running_total")) == 1
    publish(app, [window(5, 10_000)])
    assert codes(send(client, "deposit", "0.01", 25_000)) == [5], "500.01 in all"
    totals = "SELECT since, max(events) FROM running_total GROUP BY series, since ORDER BY series"
    assert sql(totals) == [(19_400, 48), (15_000, 48)]


@dataclass
class Site:
    """The service with a rule of a long window, a client of it and its database."""

    app: APIFlask
    sql: Sql

    def deposit(self, amount: str, t: int) -> list[int]:
        return codes(send(self.app.test_client(), "deposit", amount, t))

    def totals(self) -> list[tuple[int, int, Decimal]]:
        """Return the running totals that are believed."""
        return [
            (t, events, amount)
            for t, events, amount in self.sql(
                "SELECT t, kept.events, amount FROM running_total AS kept JOIN user_clock USING (user_id)"
                " WHERE changes = late_events + corrections ORDER BY t"
            )
        ]

    def assert_verified(self) -> None:
        findings = verified(self.app)
        assert ([each.what for each in findings.differences], [each.what for each in findings.losses]) == ([], [])


@pytest.fixture
def site(app_with: AppWith, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> Site:
    """It has ten deposits of 10 each, at 10, 20 … 100, and alerts of above 500.00 in an hour."""
    monkeypatch.setattr(running_totals, "BLOCK", 3)
    app = app_with(late_events="keep")
    publish(app, [window(5, 3600)])
    site = Site(app, sql)
    for t in range(10, 101, 10):
        assert site.deposit("10", t) == []
    assert site.totals() == [(30, 3, Decimal(30)), (60, 6, Decimal(60)), (90, 9, Decimal(90))][: len(site.totals())]
    assert len(site.totals()) >= 2
    return site


def test_a_late_event_is_added_to_those_after_it(site: Site) -> None:
    before = site.totals()
    assert site.deposit("400", 45) == []
    assert site.totals() == [(t, n + (t > 45), amount + (400 if t > 45 else 0)) for t, n, amount in before]
    assert site.deposit("0.01", 110) == [5]
    site.assert_verified()


RELEASE_BEFORE = """
    UPDATE user_clock SET events = events + 1, late_events = late_events + 1 WHERE user_id = 1;
    INSERT INTO activity_event (user_id, t, type, amount, alert_codes, edition, seq, taken_after)
    SELECT 1, 45, 'deposit', 400, '{}', 2, events, last_t FROM user_clock WHERE user_id = 1
"""


def test_a_late_event_of_the_release_before_is_counted_as_well(site: Site) -> None:
    site.sql(RELEASE_BEFORE)
    assert site.totals() == []
    assert site.deposit("0.01", 110) == [5]
    assert [n for _, n, _ in site.totals()] == [3, 6, 9]
    site.assert_verified()


def test_a_correction_removes_all(site: Site) -> None:
    answer = site.app.test_client().post("/users/1/events/100/reversal", json={"reason": "charge-back"})
    assert answer.status_code == 200
    assert site.sql("SELECT FROM running_total") == []
    site.app.test_client().post("/users/1/events/40/amendment", json={"reason": "typing error", "amount": "420"})
    assert site.deposit("0.01", 95) == [5], "the clock is back at 90"
    assert [n for _, n, _ in site.totals()] == [3, 6, 9]
    site.assert_verified()


def test_batches_write_them_too(site: Site) -> None:
    events = [
        {"type": "deposit", "amount": "10", "user_id": user_id, "t": t}
        for t in range(110, 160, 10)
        for user_id in (1, 2)
    ]
    answer = site.app.test_client().post("/events", json=events)
    assert {each["status"] for each in answer.get_json()["results"]} == {200}
    assert site.sql("SELECT user_id, max(events) FROM running_total GROUP BY 1 ORDER BY 1") == [(1, 12), (2, 3)]
    site.assert_verified()


TAMPERED = [
    ("amount = amount + 1", "is 6 events and 61.00, stored are 6 events and 60.00"),
    ("events = events - 1", "is 5 events and 60.00, stored are 6 events and 60.00"),
]


@pytest.mark.parametrize(("change", "expected"), TAMPERED)
def test_verify_finds_one_that_was_changed(site: Site, change: str, expected: str) -> None:
    site.assert_verified()
    site.sql(f"UPDATE running_total SET {change} WHERE t = 60")  # noqa: S608  # ours
    [loss] = verified(site.app).losses
    assert loss.user_id == 1
    assert f"the running total of deposit from t 0 to t 60 {expected}" in loss.what
    assert "as the owner: DELETE FROM running_total WHERE user_id = 1" in loss.what
    site.sql("DELETE FROM running_total WHERE user_id = 1")
    site.deposit("10", 110)
    site.assert_verified()


def test_the_migration_keeps_the_function_as_it_was(unmigrated: Unmigrated) -> None:
    function = "SELECT pg_get_functiondef('correct_event'::regproc)"
    unmigrated.migrate("0016")
    before = unmigrated.sql(function)
    unmigrated.migrate("0020")
    [(edited,)] = unmigrated.sql(function)
    assert edited.count("DELETE FROM running_total") == 1
    assert "SET search_path" in edited
    with unmigrated.app.app_context():
        flask_migrate.downgrade("migrations", "0016")
    assert unmigrated.sql(function) == before
