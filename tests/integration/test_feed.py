"""Nobody who reads the feed misses an alert or gets one twice, whatever is late, concurrent or interrupted (A63)."""

import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, cast

import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.alerts.feed import filling, numbering
from app.alerts.feed.domain import Numbered
from app.alerts.feed.numbering import Numbering
from app.alerts.feed.queries import CODES, OF_KEYS, PAGE, WAITING
from lib.database_errors import Unavailable
from lib.statements import BY_INDEX, Statement
from lib.transactions import Transaction
from tests.edition_1 import RULES
from tests.integration import importing
from tests.integration.batches import results, send_lines
from tests.integration.books import publish, shadow
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.locks import locked
from tests.integration.query_plans import explained, nodes, rows_read
from tests.integration.wiring import wiring

Told = tuple[str, int, int]  # the kind, `t` and code of an entry


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(late_events="keep")


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def worker(app: APIFlask) -> Numbering:
    return Numbering(wiring(app).database)


def run(worker: Numbering) -> None:
    """Number until nothing is left."""
    while worker.run_once():
        pass


def entries(client: FlaskClient, after: int = 0, limit: int = 200) -> list[dict[str, Any]]:
    answer = client.get(f"/alerts/feed?after={after}&limit={limit}")
    assert answer.status_code == 200, answer.text
    return cast("list[dict[str, Any]]", answer.get_json()["alerts"])


def told(client: FlaskClient, after: int = 0) -> list[Told]:
    return [(each["kind"], each["t"], each["code"]) for each in entries(client, after)]


def test_what_is_raised_gets_numbers_from_one_on(client: FlaskClient, worker: Numbering, sql: Sql) -> None:
    send(client, "withdraw", "150", 1)
    send(client, "withdraw", "50", 2)
    send(client, "withdraw", "160", 3)
    assert entries(client) == []
    run(worker)
    assert told(client) == [("raised", 1, 1100), ("raised", 3, 30), ("raised", 3, 1100)]
    assert [each["number"] for each in entries(client)] == [1, 2, 3]
    assert told(client, after=2) == [("raised", 3, 1100)]
    assert client.get("/alerts/feed?after=3").get_json() == {"alerts": [], "next_after": 3}
    assert client.get("/alerts/feed?limit=1").get_json()["next_after"] == 1
    assert sql("SELECT count(*) FROM outbox") == [(0,)]


def test_an_entry_has_all_that_the_alert_has(client: FlaskClient, worker: Numbering) -> None:
    event = {"type": "withdraw", "amount": "150", "user_id": 7, "t": 5, "event_id": "tx-9"}
    assert codes(client.post("/event", json=event)) == [1100]
    run(worker)
    [entry] = entries(client)
    alert = client.get("/alerts/7/5/1100").get_json()
    assert {"number": 1, "kind": "raised", "event_id": "tx-9", "fresh": True}.items() <= entry.items()
    shared = entry.keys() & alert.keys()
    assert {name: entry[name] for name in shared} == {name: alert[name] for name in shared}
    assert alert.keys() - shared == {"shadow", "found_late_at", "retracted_at"}


def test_an_event_that_raises_nothing_leaves_no_note(client: FlaskClient, sql: Sql) -> None:
    send(client, "withdraw", "50", 1)
    send_lines(client, [{"type": "deposit", "amount": "5", "user_id": 2, "t": 1}])
    assert sql("SELECT count(*) FROM outbox") == [(0,)]


def test_nor_do_alerts_of_the_shadow(app: APIFlask, client: FlaskClient, worker: Numbering) -> None:
    publish(app, [rule for rule in RULES if rule.code == 1100])
    shadow(app, RULES)
    for t in (1, 2, 3):
        send(client, "withdraw", "50", t)
    assert client.get("/alerts?shadow=true").get_json()["alerts"] != []
    run(worker)
    assert told(client) == []


@pytest.mark.parametrize("notify", [False, True])
def test_an_import_is_told_of_only_if_asked(
    app: APIFlask, client: FlaskClient, worker: Numbering, tmp_path: Path, *, notify: bool
) -> None:
    run(worker)
    file = tmp_path / "events.csv"
    file.write_text("user_id,t,type,amount\n1,1,withdraw,150\n1,2,withdraw,50\n2,3,withdraw,150\n")
    assert importing.run(app, file, *(["--notify"] if notify else [])).exit_code == 0
    run(worker)
    assert told(client) == ([("raised", 1, 1100), ("raised", 3, 1100)] if notify else [])


def test_a_note_that_is_left_of_a_removed_player_hinders_no_event(client: FlaskClient, sql: Sql) -> None:
    for t in (1, 2):
        sql("INSERT INTO outbox (user_id, t, n, kind, no) VALUES (1, %s, 0, 'raised', 0)", t)
    assert codes(send(client, "withdraw", "150", 1)) == [1100]
    [result] = results(send_lines(client, [{"type": "withdraw", "amount": "150", "user_id": 1, "t": 2}]))
    assert result["status"] == 200
    assert sql("SELECT count(*) FROM outbox") == [(2,)]


def test_batches_leave_notes_too(client: FlaskClient, worker: Numbering) -> None:
    events = [{"type": "withdraw", "amount": "150", "user_id": user, "t": t} for user in (1, 2) for t in (1, 2)]
    assert all(each["alert"] for each in results(send_lines(client, events)))
    run(worker)
    assert Counter(told(client)) == Counter([("raised", 1, 1100)] * 2 + [("raised", 2, 1100)] * 2)


def test_a_late_event_is_raised_and_what_it_changes_is_found_late(client: FlaskClient, worker: Numbering) -> None:
    for t in (10, 30):
        assert codes(send(client, "withdraw", "50", t)) == []
    run(worker)
    assert codes(send(client, "withdraw", "150", 20)) == [1100]
    run(worker)
    assert told(client) == [("raised", 20, 1100), ("found-late", 30, 30)]
    late = entries(client)[1]
    assert late["evidence"]["moments"] == [30, 20, 10]


def test_what_was_found_late_before_the_worker_came_is_not_raised_as_well(
    client: FlaskClient, worker: Numbering
) -> None:
    send(client, "withdraw", "50", 10)
    send(client, "withdraw", "150", 30)
    send(client, "withdraw", "50", 20)
    run(worker)
    assert sorted(told(client)) == [("found-late", 30, 30), ("raised", 30, 1100)]


def test_a_correction_retracts(client: FlaskClient, worker: Numbering) -> None:
    for t in (10, 20, 30):
        send(client, "withdraw", "150", t)
    run(worker)
    seen = len(entries(client))
    assert client.post("/users/1/events/10/reversal", json={"reason": "charge-back"}).status_code == 200
    run(worker)
    assert told(client, after=seen) == [("retracted", 10, 1100), ("retracted", 30, 30)]
    amended = {"amount": "50", "reason": "typing error"}
    assert client.post("/users/1/events/20/amendment", json=amended).status_code == 200
    run(worker)
    assert told(client, after=seen + 2) == [("retracted", 20, 1100)]


def test_found_retracted_and_found_again_are_three_entries(client: FlaskClient, worker: Numbering) -> None:
    send(client, "withdraw", "50", 10)
    send(client, "withdraw", "50", 30)
    for t in (20, 21):
        send(client, "withdraw", "50", t)
        assert client.post(f"/users/1/events/{t}/reversal", json={"reason": "charge-back"}).status_code == 200
    run(worker)
    own = [each for each in told(client) if each[1] == 30]
    assert own == [("found-late", 30, 30), ("retracted", 30, 30)] * 2
    found = [
        each["evidence"]["moments"] for each in entries(client) if each["kind"] == "found-late" and each["t"] == 30
    ]
    assert found == [[30, 20, 10], [30, 21, 10]]


@pytest.mark.parametrize("seed", range(3))
def test_one_number_is_all_that_a_reader_needs(client: FlaskClient, worker: Numbering, sql: Sql, seed: int) -> None:
    """Whatever arrives in whichever order: what is raised less what is retracted is what is believed."""
    random, after, seen = Random(seed), 0, []  # noqa: S311  # no secret
    for _ in range(60):
        t = random.randrange(1, 200)
        if random.random() < 0.2:
            client.post(f"/users/{random.randrange(1, 4)}/events/{t}/reversal", json={"reason": "charge-back"})
        else:
            kind, amount = random.choice(("deposit", "withdraw")), str(random.randrange(1, 200))
            send(client, kind, amount, t, random.randrange(1, 4))
        if random.random() < 0.3:
            run(worker)
            page = client.get(f"/alerts/feed?after={after}&limit=3").get_json()
            seen += page["alerts"]
            after = page["next_after"]
    run(worker)
    seen += entries(client, after)
    assert [each["number"] for each in seen] == list(range(1, len(seen) + 1))
    balance: Counter[tuple[int, int, int]] = Counter()
    for each in seen:
        balance[each["user_id"], each["t"], each["code"]] += -1 if each["kind"] == "retracted" else 1
    assert set(balance.values()) <= {0, 1}
    believed = sql(
        """
        SELECT user_id, t, unnest(coalesce((
            SELECT codes_after FROM revision WHERE (user_id, t, n) = (event.user_id, event.t, event.n)
            ORDER BY no DESC LIMIT 1
        ), alert_codes)) FROM activity_event AS event
        """
    )
    assert {key for key, number in balance.items() if number} == set(believed)
    assert len(seen) > 10


def test_a_transaction_that_commits_late_is_not_skipped(
    client: FlaskClient, worker: Numbering, sql: Sql, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor over ids would have gone past it."""
    now = [100.0]
    monkeypatch.setattr("app.alerts.feed.numbering.monotonic", lambda: now[0])
    run(worker)
    sql(
        "INSERT INTO alert (user_id, t, n, code, edition, shadow, evidence, fresh)"
        " SELECT 9, 9, 0, code, 1, false, '{}', true FROM unnest('{30}'::int[]) AS code"
    )
    with closing(psycopg2.connect(database)) as slow:
        slow.cursor().execute("INSERT INTO outbox (user_id, t, n, kind, no) VALUES (9, 9, 0, 'raised', 0)")
        for step in range(1, 4):
            send(client, "deposit", "250", step * 100)
            now[0] += 4
            run(worker)
        assert sql("SELECT count(*), count(*) FILTER (WHERE user_id = 9) FROM alert_feed") == [(3, 0)]
        slow.commit()
    now[0] += numbering.FULL_LOOK + 1
    run(worker)
    assert sql("SELECT number FROM alert_feed WHERE user_id = 9") == [(4,)]


def test_many_workers_number_each_once(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    database, done = wiring(app).database, threading.Event()
    workers = [Numbering(database) for _ in range(4)]

    def go(worker: Numbering) -> None:
        while not done.is_set():
            worker.run_once()

    threads = [threading.Thread(target=go, args=[worker]) for worker in workers]
    for thread in threads:
        thread.start()
    answered = [
        (user, t, code)
        for t in range(1, 30)
        for user in (1, 2, 3)
        for code in codes(send(client, "withdraw", "150", t, user))
    ]
    done.set()
    for thread in threads:
        thread.join()
    run(workers[0])
    stored = sql("SELECT user_id, t, code FROM alert_feed ORDER BY number")
    assert Counter(stored) == Counter(answered)
    assert sql("SELECT min(number), max(number), count(*) FROM alert_feed") == [(1, len(stored), len(stored))]


class Crash(Exception):
    pass


def test_a_worker_that_dies_in_between_has_done_nothing(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    taken: list[Sequence[Numbered]] = []

    def take_up(_: Transaction, numbered: Sequence[Numbered]) -> None:
        taken.append(numbered)
        if len(taken) == 1:
            raise Crash

    worker = Numbering(wiring(app).database, [take_up])
    send(client, "withdraw", "150", 1)
    with pytest.raises(Crash):
        worker.run_once()
    assert sql("SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM alert_feed)") == [(1, 0)]
    run(worker)
    assert taken[0] == taken[1]
    assert told(client) == [("raised", 1, 1100)]


@pytest.fixture
def before(client: FlaskClient, sql: Sql) -> None:
    """Alerts of a release without an outbox: raised, found late and retracted."""
    for t, user in ((40, 1), (10, 2), (20, 2), (30, 2)):
        send(client, "withdraw", "150", t, user)
    send(client, "withdraw", "50", 20, 1)
    send(client, "withdraw", "50", 30, 1)
    client.post("/users/2/events/10/reversal", json={"reason": "charge-back"})
    sql("DELETE FROM outbox")


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("chunk", [1, 2, 2000])
def test_what_was_stored_before_is_numbered_first_and_nobody_is_told(
    app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(filling, "CHUNK", chunk)
    taken: list[Numbered] = []
    worker = Numbering(wiring(app).database, [lambda _, numbered: taken.extend(numbered)])
    run(worker)
    raised = [
        ("raised", 10, 1100),
        ("raised", 20, 1100),
        ("raised", 30, 30),
        ("raised", 30, 1100),
        ("raised", 40, 1100),
    ]
    changed = [("found-late", 40, 30), ("retracted", 10, 1100), ("retracted", 30, 30)]
    assert told(client) == raised + changed
    assert taken == []
    send(client, "withdraw", "150", 50)
    run(worker)
    assert [each.code for each in taken] == [30, 1100]
    run(Numbering(wiring(app).database))
    assert len(entries(client)) == len(raised) + len(changed) + 2


@pytest.mark.usefixtures("before")
def test_what_happens_during_the_filling_is_numbered_once(client: FlaskClient, worker: Numbering, sql: Sql) -> None:
    worker.run_once()  # notes what was before
    send(client, "withdraw", "150", 41)
    sql("UPDATE feed_head SET stage = 0, user_id = 0, t = -1, n = 0")
    run(worker)
    numbers = [each["number"] for each in entries(client)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert Counter(told(client)).most_common(1)[0][1] == 1


REFUSED = {"limit=0": "limit", "limit=201": "limit", "after=-1": "after", "after=x": "after", "since=1": "since"}


@pytest.mark.parametrize(("query", "field"), REFUSED.items())
def test_a_wrong_query_is_refused(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"/alerts/feed?{query}")
    assert problem(answer)[0] == 400
    assert field in answer.text


MANY = """
    INSERT INTO {table} ({columns}) SELECT {values} FROM generate_series(1, 50000) AS i
"""


@pytest.fixture(params=["statistics as they are", "no statistics"])
def full(request: pytest.FixtureRequest, sql: Sql, database: str) -> str:
    """A database with very many alerts, entries and notes."""
    fill(sql)
    if request.param == "statistics as they are":
        sql("ANALYZE alert, alert_feed, outbox, revision")
    return database


def fill(sql: Sql) -> None:
    evidence = '{"value": "1", "limit": "1", "count": 1, "moments": [1], "sentence": ""}'
    columns = "user_id, t, n, code, edition, shadow, evidence, fresh"
    sql(MANY.format(table="alert", columns=columns, values=f"i % 500 + 1, i, 0, 30, 1, false, '{evidence}', true"))
    columns = "number, user_id, t, n, kind, no, code, edition"
    sql(MANY.format(table="alert_feed", columns=columns, values="i, i % 500 + 1, i, 0, 'raised', 0, 30, 1"))
    sql(MANY.format(table="outbox", columns="user_id, t, n, kind, no", values="i % 500 + 1, i + 50000, 0, 'raised', 0"))


def calls(ids: Sequence[int]) -> list[tuple[Statement, str, int]]:
    """Return the statements with their values, and how many rows each may read."""
    columns = [f"'{{{','.join(str(value) for _ in ids)}}}'" for value in (7, 8, 0, "raised", 0)]
    of_notes = f"'{{{','.join(map(str, ids))}}}', {', '.join(columns)}"
    return [
        (PAGE, "30000, 200", 400),
        (WAITING, f"{ids[0]}, '{{}}', 500", 500),
        (CODES, of_notes, 400),
        (OF_KEYS, ", ".join(columns), 400),
    ]


def test_the_worker_and_readers_read_no_more_than_they_take(full: str, sql: Sql) -> None:
    for statement, values, most in calls([each for (each,) in sql("SELECT id FROM outbox ORDER BY id LIMIT 100")]):
        prepared = f"BEGIN; {BY_INDEX.sql}; {statement.prepare}"
        assert_by_index(explained(full, prepared, f"{statement.name} ({values})"), most)


def assert_by_index(plan: dict[str, Any], most: int) -> None:
    assert rows_read(plan) <= most
    for node in nodes(plan):
        if "Relation Name" in node:
            assert "Index" in node["Node Type"] or node["Node Type"] == "Bitmap Heap Scan", node


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_a_plan_that_was_made_while_the_tables_were_empty_stays_right(
    sql: Sql, database: str, *, is_analyzed: bool
) -> None:
    """A session keeps its plans; before, one of them walked the whole feed for each note."""
    if is_analyzed:
        sql("ANALYZE alert, alert_feed, outbox, revision")
    with closing(psycopg2.connect(database)) as session, session.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off")
        for statement, values, _ in calls([1]):
            cursor.execute(f"{statement.prepare}; EXECUTE {statement.name} ({values})")
        session.commit()
        fill(sql)
        for statement, values, most in calls([each for (each,) in sql("SELECT id FROM outbox ORDER BY id LIMIT 100")]):
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE {statement.name} ({values})")
            [[[plan]]] = cursor.fetchall()
            assert_by_index(dict(plan["Plan"]), most)


def test_the_feed_waits_for_nothing_but_itself(client: FlaskClient, worker: Numbering, database: str) -> None:
    """Another worker that holds the head: this one does nothing, and an event is answered."""
    run(worker)
    with locked(database, "SELECT FROM feed_head FOR UPDATE"):
        assert codes(send(client, "withdraw", "150", 1)) == [1100]
        assert worker.run_once() is False
        assert told(client) == []
    run(worker)
    assert told(client) == [("raised", 1, 1100)]


def revise_often(client: FlaskClient) -> None:
    """Have one event be found, retracted, found and retracted again, and others around it."""
    for user in (1, 2, 3):
        send(client, "withdraw", "50", 10, user)
        send(client, "withdraw", "50", 30, user)
        for t in (20, 21, 22):
            send(client, "withdraw", "50", t, user)
            assert client.post(f"/users/{user}/events/{t}/reversal", json={"reason": "charge-back"}).status_code == 200


@pytest.mark.parametrize("chunk", [1, 2, 3, 2000])
def test_an_event_with_many_revisions_is_filled_in_whole(
    app: APIFlask, client: FlaskClient, sql: Sql, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(filling, "CHUNK", chunk)
    revise_often(client)
    expected = Counter(
        sql(
            """
            SELECT user_id, t, no, unnest(CASE WHEN codes_after <> '{}' THEN codes_after ELSE codes_before END)
            FROM revision
            """
        )
    )
    sql("DELETE FROM outbox")
    run(Numbering(wiring(app).database))
    assert Counter(sql("SELECT user_id, t, no, code FROM alert_feed WHERE kind <> 'raised'")) == expected
    assert sum(expected.values()) >= 18


def test_a_retraction_has_the_evidence_of_what_it_retracts(client: FlaskClient, worker: Numbering) -> None:
    revise_often(client)
    run(worker)
    own = [
        (each["kind"], each["evidence"]["moments"])
        for each in entries(client)
        if (each["user_id"], each["t"]) == (1, 30)
    ]
    pairs = [[("found-late", [30, t, 10]), ("retracted", [30, t, 10])] for t in (20, 21, 22)]
    assert own == [*chain.from_iterable(pairs)]


def test_an_alert_whose_row_is_missing_stops_nobody(client: FlaskClient, worker: Numbering, sql: Sql) -> None:
    """As of events of before the rule book, which have codes and no alerts."""
    for t in (1, 2):
        send(client, "withdraw", "150", t)
    sql("DELETE FROM outbox WHERE t = 1")
    sql("DELETE FROM alert WHERE t = 1")
    assert client.post("/users/1/events/1/reversal", json={"reason": "charge-back"}).status_code == 200
    run(worker)
    told_now = [(each["kind"], each["t"], each["evidence"]["sentence"][:21]) for each in entries(client)]
    assert ("retracted", 1, "no evidence is stored") in told_now
    assert ("raised", 2, "150.00 withdrawn at o") in told_now


def test_a_note_that_cannot_be_taken_up_holds_up_no_other(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    def take_up(_: Transaction, numbered: Sequence[Numbered]) -> None:
        if any(each.note.t == 3 for each in numbered):
            raise Crash

    worker = Numbering(wiring(app).database, [take_up])
    run(worker)
    for t in range(1, 8):
        send(client, "deposit", "250", t * 100 if t != 3 else 3, user_id=t)
    for _ in range(40):
        with suppress(Crash):
            worker.run_once()
    assert sql("SELECT count(*), max(number) FROM alert_feed") == [(6, 6)]
    assert sql("SELECT t FROM outbox") == [(3,)]
    worker._passed_over_at -= numbering.PASSED_OVER + 1  # noqa: SLF001  # ten minutes later
    worker._take_up = ()  # noqa: SLF001  # whatever was wrong is mended
    worker._full_look_at = float("-inf")  # noqa: SLF001
    run(worker)
    assert sql("SELECT number FROM alert_feed WHERE t = 3") == [(7,)]


def test_an_outage_passes_no_note_over(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    """Or what is numbered right before it would wait for ten minutes after it."""
    is_away = [True] * 30

    def take_up(_: Transaction, __: Sequence[Numbered]) -> None:
        if is_away:
            is_away.pop()
            raise Unavailable("the database does not answer")

    worker = Numbering(wiring(app).database, [take_up])
    for t in (1, 2, 3):
        send(client, "deposit", "250", t * 100)
    for _ in range(30):
        with pytest.raises(Unavailable):
            worker.run_once()
    run(worker)
    assert sql("SELECT count(*) FROM alert_feed") == [(3,)]


def test_steady_load_does_not_keep_old_alerts_out(client: FlaskClient, worker: Numbering, sql: Sql) -> None:
    send(client, "withdraw", "150", 1, user_id=9)
    sql("DELETE FROM outbox")
    for t in range(1, 8):
        send(client, "deposit", "250", t * 100)
        worker.run_once()
    assert sql("SELECT count(*) FROM alert_feed WHERE user_id = 9") == [(1,)]


def test_a_number_beyond_the_feed_is_refused(client: FlaskClient, worker: Numbering) -> None:
    """Or a reader would wait in vain after a backup was restored, and then miss what gets the numbers in between."""
    send(client, "withdraw", "150", 1)
    run(worker)
    assert client.get("/alerts/feed?after=1").status_code == 200
    answer = client.get("/alerts/feed?after=2")
    assert problem(answer) == (409, "not-yet-numbered")
    assert "begin again with after=0" in answer.get_json()["detail"]


def test_a_refill_finds_what_a_release_without_an_outbox_stored(
    app: APIFlask, client: FlaskClient, worker: Numbering, sql: Sql
) -> None:
    send(client, "withdraw", "150", 1)
    run(worker)
    send(client, "withdraw", "150", 2)
    sql("DELETE FROM outbox")
    run(worker)
    assert told(client) == [("raised", 1, 1100)]
    assert app.test_cli_runner().invoke(args=["work", "--refill"]).exit_code == 0
    worker._full_look_at = float("-inf")  # noqa: SLF001  # ten seconds later
    run(worker)
    assert told(client) == [("raised", 1, 1100), ("raised", 2, 1100)]
