"""Deleted events are noticed: every event has a number, and seals cover them (A44)."""

import hashlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from decimal import Decimal

import psycopg2
import pytest
from apiflask import APIFlask
from click.testing import Result

from app.datastores import AdvisoryLock, db
from app.rules.event import EventType
from app.rules.rule import Rule
from app.rules.threshold import Threshold
from app.seals import controllers
from app.seals.controllers import Chain, SealedMeanwhile, Sealing
from app.seals.queries import UNSEALED_EVENTS
from lib.advisory_locks import LockNotAcquired
from tests.integration.books import shadow
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.judging import verified
from tests.integration.query_plans import explained, nodes
from tests.integration.servers import MAX_WAIT
from tests.integration.wiring import wiring

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")


def run(app: APIFlask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["rules", *words])


def sealed(app: APIFlask, **changed: object) -> Chain:
    with app.app_context():
        sealing = Sealing(database=wiring(app).database, engine=db.engine, **changed)  # type: ignore[arg-type]  # of many kinds
        return controllers.seal(sealing)


def small(code: int) -> Rule:
    return Threshold(code=code, name="small", description="small", type=EventType.DEPOSIT, above=Decimal(1))


@pytest.fixture
def played(app: APIFlask) -> APIFlask:
    """Three players with events, some of which raise codes, one of them in the shadow; nothing is sealed."""
    client = app.test_client()
    shadow(app, [small(9)])
    for t, amount in enumerate(("150", "20", "30", "500"), start=1):
        send(client, "withdraw", amount, t)
    for t in range(1, 4):
        send(client, "deposit", f"{t}0", t, user_id=2)
    send(client, "deposit", "1", 9, user_id=3)
    return app


def losses(app: APIFlask) -> list[str]:
    """Return what verify finds, of events and of players."""
    found = verified(app)
    assert bool(found.different) == bool(found.differences)
    shown = [f"player {each.user_id}, t {each.event.t}: {each.what}" for each in found.differences]
    return shown + [f"player {each.user_id}: {each.what}" for each in found.losses]


def test_every_stored_event_gets_the_next_number_of_its_player(app: APIFlask, sql: Sql) -> None:
    client = app.test_client()
    for t in (5, 7, 9):
        send(client, "deposit", "1", t)
    send(client, "deposit", "1", 7, user_id=2)
    assert send(client, "deposit", "1", 9).headers["Idempotent-Replay"] == "true"
    assert problem(send(client, "deposit", "2", 9)) == (409, "duplicate-event")
    assert problem(send(client, "deposit", "1", 8)) == (400, "out-of-order")
    assert sql("SELECT user_id, t, seq FROM activity_event ORDER BY 1, 2") == [
        (1, 5, 1),
        (1, 7, 2),
        (1, 9, 3),
        (2, 7, 1),
    ]
    assert sql("SELECT user_id, events FROM user_clock ORDER BY 1") == [(1, 3), (2, 1)]


def test_concurrent_events_of_a_player_are_numbered_without_gaps(app: APIFlask, sql: Sql) -> None:
    def play(worker: int) -> None:
        client = app.test_client()
        for n in range(25):
            send(client, "deposit", "1", n * 8 + worker)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(play, range(8)))
    [(count, least, greatest, distinct)] = sql(
        "SELECT count(*), min(seq), max(seq), count(DISTINCT seq) FROM activity_event"
    )
    assert (least, greatest, distinct) == (1, count, count)
    assert sql("SELECT seq FROM activity_event ORDER BY t") == [(n,) for n in range(1, count + 1)]
    assert losses(app) == []


def test_a_claim_stays_on_the_page_of_its_clock(app: APIFlask, sql: Sql) -> None:
    updated_before, on_its_page_before = updates(sql)
    client = app.test_client()
    for t in range(200):
        send(client, "deposit", "1", t)
    sealed(app)
    with app.app_context():
        db.engine.dispose()  # a session that ends tells what it did
    until(lambda: updates(sql)[0] >= updated_before + 200)  # 199 claims, and the note of the seal
    updated, on_its_page = updates(sql)
    # Nearly all: while autovacuum takes its snapshot, old versions of the row stay and can fill the page.
    assert on_its_page - on_its_page_before >= 0.9 * (updated - updated_before)


def updates(sql: Sql) -> tuple[int, int]:
    [(updated, hot)] = sql("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'user_clock'")
    return updated, hot


def test_untouched_events_verify_sealed_or_not(played: APIFlask, capfd: pytest.CaptureFixture[str]) -> None:
    assert losses(played) == []
    assert verified(played).not_sealed == 8
    done = run(played, "seal")
    assert done.exit_code == 0, done.output
    [seal] = re.findall(r"1:[0-9a-f]{64}", done.stdout)
    assert done.stdout == f"Sealed: 8 events of 3 players.\nThe last seal is {seal}\n"
    assert f'"seal": "{seal}"' in capfd.readouterr().err, "in the log as well"
    found = verified(played)
    assert (found.lost, found.not_sealed, found.not_counted) == (0, 0, 0)
    assert run(played, "seal").stdout == f"Nothing new to seal.\nThe last seal is {seal}\n"
    send(played.test_client(), "deposit", "1", 10, user_id=3)
    assert "Sealed: 1 events of 1 players." in run(played, "seal").stdout
    done = run(played, "verify", "--seal", seal, "--jobs", "1")
    assert done.exit_code == 0, done.output
    assert "The last seal is 2:" in done.stdout


LAST_OF_1 = "DELETE FROM alert WHERE user_id = 1 AND t = 4; DELETE FROM activity_event WHERE user_id = 1 AND t = 4"
CLOCK_OF_1 = "UPDATE user_clock SET last_t = 3, events = 3, sealed = least(sealed, 3) WHERE user_id = 1"
AND_ITS_CLOCK = f"{LAST_OF_1}; {CLOCK_OF_1}"
MOVED = """
    UPDATE activity_event SET user_id = 7 WHERE user_id = 1; UPDATE alert SET user_id = 7 WHERE user_id = 1
"""
CLOCK_MOVED = "UPDATE user_clock SET user_id = 7 WHERE user_id = 1"
WITH_CLOCK = f"{MOVED}; {CLOCK_MOVED}"
CLOCK_GONE = "DELETE FROM user_clock WHERE user_id = 1"
ALL_OF_1 = "DELETE FROM alert WHERE user_id = 1; DELETE FROM activity_event WHERE user_id = 1"
ALL = "TRUNCATE activity_event, alert"
SENTENCE = """UPDATE alert SET evidence = evidence || '{"sentence": "all is well"}' WHERE user_id = 1 AND t = 1"""
# So that rule, evidence and sentence agree.
ANOTHER_AMOUNT = """
    UPDATE activity_event SET amount = 160 WHERE user_id = 1 AND t = 1;
    UPDATE alert SET evidence = evidence || jsonb_build_object('value', '160.00',
        'sentence', '160.00 withdrawn at once (threshold 100.00)') WHERE user_id = 1 AND t = 1
"""
COUNTED = [
    ("the last event is gone", LAST_OF_1, "player 1: 4 events were counted, but 1 of them are not stored: number 4"),
    (
        "one in the middle",
        "DELETE FROM activity_event WHERE user_id = 2 AND t = 2; DELETE FROM alert WHERE user_id = 2",
        "player 2: 3 events were counted, but 1 of them are not stored: number 2",
    ),
    ("moved to a new player", MOVED, "player 1: 4 events were counted, but 4 of them are not stored"),
    ("and seen there", MOVED, "player 7: there is no clock"),
    (
        "moved to a player with events",
        "UPDATE activity_event SET user_id = 3, t = t + 20, alert_codes = '{}' WHERE user_id = 2 AND t = 3",
        "player 3: 1 events were counted, but 1 more are stored",
    ),
    ("all of a player", ALL_OF_1, "player 1: 4 events were counted, but 4 of them are not stored: number 1"),
    ("all events", ALL, "player 3: 1 events were counted, but 1 of them are not stored"),
    ("a clock", CLOCK_GONE, "player 1: there is no clock"),
    (
        "a number twice",
        "UPDATE activity_event SET seq = 1 WHERE user_id = 1 AND t = 2",
        "with the number of another event, first number 1",
    ),
    ("a sentence", SENTENCE, 'sentence of code 1100 is "all is well", it should be "150.00 withdrawn at once (th'),
    (
        "a wording that nobody knows",
        """UPDATE alert SET evidence = evidence || '{"wording": 7}' WHERE user_id = 1 AND t = 1""",
        "player 1, t 1: the sentence of code 1100 is of wording 7, which this version does not have",
    ),
]
SEALED = [
    (
        "the last event is gone and its clock set back",
        AND_ITS_CLOCK,
        "player 1: the clock counts 3 events, but the seals cover 4",
    ),
    ("and the seal names it", AND_ITS_CLOCK, "seal 1 covers the events number 1 to 4, but 3 of them are stored"),
    (
        "moved with the clock",
        WITH_CLOCK,
        "player 1: there is no clock; seal 1 covers the events number 1 to 4, but 0 of them",
    ),
    (
        "all of a player and the clock",
        f"{ALL_OF_1}; {CLOCK_GONE}",
        "player 1: there is no clock",
    ),
    (
        "all, and all clocks",
        f"{ALL}; TRUNCATE user_clock",
        "player 3: there is no clock; seal 1 covers event number 1, but 0 of",
    ),
    (
        "an amount that all agrees with",
        ANOTHER_AMOUNT,
        "player 1: seal 1 covers the events number 1 to 4: they or their alerts were changed",
    ),
    (
        "an alert of the shadow",
        "DELETE FROM alert WHERE shadow AND t = 3",
        "player 2: seal 1 covers the events number 1 to 3: they",
    ),
    (
        "when it came",
        "UPDATE activity_event SET received_at = received_at - interval '1 day' WHERE t = 9",
        "player 3: seal 1 covers",
    ),
    (
        "numbers exchanged",
        "UPDATE activity_event SET seq = 3 - seq WHERE user_id = 1 AND seq < 3",
        "player 1: seal 1 covers",
    ),
]


def ids(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    return [row[0] for row in rows]


@pytest.mark.usefixtures("backtests_in_this_process")
@pytest.mark.parametrize(("statement", "expected"), [row[1:] for row in COUNTED], ids=ids(COUNTED))
@pytest.mark.parametrize("is_sealed", [False, True], ids=["counted", "sealed"])
def test_deleted_events_are_found_by_the_count(
    played: APIFlask, sql: Sql, statement: str, expected: str, *, is_sealed: bool
) -> None:
    if is_sealed:
        sealed(played)
    sql(statement)
    assert any(expected in each for each in losses(played)), losses(played)
    assert run(played, "verify", "--jobs", "1").exit_code == 1


@pytest.mark.parametrize(("statement", "expected"), [row[1:] for row in SEALED], ids=ids(SEALED))
def test_a_consistent_forgery_is_found_by_the_seal(played: APIFlask, sql: Sql, statement: str, expected: str) -> None:
    sealed(played)
    sql(statement)
    assert any(expected in each for each in losses(played)), losses(played)


@pytest.mark.parametrize("table", ["seal", "sealed_player"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET digest = ''", "TRUNCATE {}"])
def test_seals_are_append_only(played: APIFlask, sql: Sql, table: str, change: str) -> None:
    sealed(played)
    with pytest.raises(psycopg2.errors.RaiseException, match="seals are only added to"):
        sql(change.format(table))


@contextmanager
def as_owner(sql: Sql) -> Iterator[None]:
    """Change seals as who owns the tables can."""
    for table in ("seal", "sealed_player"):
        sql(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    yield
    for table in ("seal", "sealed_player"):
        sql(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


CHAIN = [
    ("a seal is gone", "DELETE FROM seal WHERE no = 2", "player 0: seal 2 is gone"),
    ("and its players are left", "DELETE FROM seal WHERE no = 2", "player 2 is in seal 2, which is gone"),
    (
        "a digest",
        "UPDATE seal SET digest = sha256('') WHERE no = 1",
        "player 0: seal 1 or the players in it were changed",
    ),
    (
        "the seal after it",
        "UPDATE seal SET digest = sha256('') WHERE no = 1",
        "player 0: seal 2 or the players in it were changed",
    ),
    (
        "a moment",
        "UPDATE seal SET at = at - interval '1 h' WHERE no = 2",
        "player 0: seal 2 or the players in it were changed",
    ),
    ("a player", "DELETE FROM sealed_player WHERE user_id = 2", "player 0: seal 2 or the players in it were changed"),
    (
        "a player of the last seal",
        "DELETE FROM sealed_player WHERE user_id = 2",
        "player 2: the clock has 3 events sealed, but the",
    ),
    (
        "the last seal and its players",
        "DELETE FROM seal WHERE no = 3; DELETE FROM sealed_player WHERE seal = 3",
        "player 3: the clock has 1 events sealed, but the seals cover 0",
    ),
]


@pytest.mark.parametrize(("statement", "expected"), [row[1:] for row in CHAIN], ids=ids(CHAIN))
def test_a_broken_chain_is_found(played: APIFlask, sql: Sql, statement: str, expected: str) -> None:
    sealed(played, players=1)
    assert losses(played) == []
    with as_owner(sql):
        sql(statement)
    assert any(expected in each for each in losses(played)), losses(played)


REWRITTEN = "TRUNCATE seal, sealed_player; UPDATE user_clock SET sealed = 0"


@pytest.mark.usefixtures("backtests_in_this_process")
@pytest.mark.parametrize(
    ("again", "expected"),
    [
        (True, "seal 1 is {now}, but {kept} was kept: all was rewritten"),
        (False, "seal 1 was kept elsewhere, but is gone"),
    ],
)
def test_a_fully_rewritten_chain_is_found_by_a_seal_kept_elsewhere(
    played: APIFlask, sql: Sql, expected: str, *, again: bool
) -> None:
    kept = str(sealed(played).latest)
    with as_owner(sql):
        sql(f"{AND_ITS_CLOCK}; {REWRITTEN}")
    now = str(sealed(played).latest if again else "")
    assert losses(played) == [], "it all agrees with itself"
    done = run(played, "verify", "--jobs", "1", "--seal", kept)
    assert done.exit_code == 1
    assert expected.format(now=now[2:], kept=kept[2:]) in done.stdout


@pytest.mark.parametrize("written", ["17", "0:" + "a" * 64, "1:abc", "x:" + "a" * 64, "1:" + "a" * 62])
def test_an_invalid_seal_is_refused(app: APIFlask, written: str) -> None:
    done = run(app, "verify", "--seal", written)
    assert done.exit_code == 2
    assert "write a seal as `rules seal` prints it" in done.stderr


def test_the_digest_matches_the_documentation(played: APIFlask, sql: Sql) -> None:
    """Worked out again without any function of the product."""

    def digest(*lines: str) -> "hashlib._Hash":
        return hashlib.sha256("\n".join(lines).encode())

    latest = sealed(played).latest
    events = sql(
        "SELECT user_id, concat_ws(' ', user_id, t, seq, type, amount, array_to_string(alert_codes, ','))"
        " || ' ' || edition || ' ' || (extract(epoch FROM received_at) * 1000000)::bigint, ARRAY("
        " SELECT concat_ws(' ', code, shadow, edition, evidence) COLLATE \"C\" FROM alert"
        " WHERE alert.user_id = event.user_id AND alert.t = event.t ORDER BY 1)"
        " FROM activity_event AS event ORDER BY user_id, t"
    )
    players = {user_id: hashlib.sha256() for user_id in (1, 2, 3)}
    for user_id, event, alerts in events:
        players[user_id].update(digest(event, *alerts).digest())
    [(at,)] = sql("SELECT (extract(epoch FROM at) * 1000000)::bigint FROM seal")
    shown = [
        f"1 4 4 4 {players[1].hexdigest()}",
        f"2 3 3 3 {players[2].hexdigest()}",
        f"3 1 9 1 {players[3].hexdigest()}",
    ]
    assert latest is not None
    assert latest.digest == digest(f"seal 1 1 {at} all counted ", *shown).digest()


def test_an_interrupted_seal_resumes(played: APIFlask, sql: Sql) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sealed(played, players=1, progress=interrupt)
    assert sql("SELECT user_id, seq FROM sealed_player") == [(1, 4)]
    assert sql("SELECT max(sealed) FROM user_clock") == [(0,)], "it did not come to the note"
    rest = sealed(played, players=1)
    assert (rest.events, rest.players) == (4, 2)
    assert sql("SELECT sealed FROM user_clock ORDER BY user_id") == [(4,), (3,), (1,)]
    assert losses(played) == []


def test_ctrl_c_ends_sealing_with_one_line_and_status_130(played: APIFlask, database: str, sql: Sql) -> None:
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [AdvisoryLock.SEALS])
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", "rules", "seal"],
            env={"DATABASE_URL": database, "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            until(lambda: bool(sql(WAITING)))
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=MAX_WAIT)
        finally:
            process.kill()
    assert (process.returncode, out) == (130, "")
    assert err.strip().endswith("Interrupted: what was sealed stays sealed. To go on: flask --app app rules seal")
    assert losses(played) == []


WAITING = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock%' AND pid <> pg_backend_pid()"


def until(happened: Callable[[], bool]) -> None:
    due = time.monotonic() + MAX_WAIT
    while not happened():
        assert time.monotonic() < due
        time.sleep(0.05)


def test_only_one_process_seals_at_a_time(played: APIFlask, database: str) -> None:
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [AdvisoryLock.SEALS])
        with pytest.raises(LockNotAcquired):
            sealed(played, patience=0.1)
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(sealed, played, patience=MAX_WAIT)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=1)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [AdvisoryLock.SEALS])
            assert waiting.result(timeout=MAX_WAIT).events == 8


def test_concurrent_seals_cover_everything_once(played: APIFlask) -> None:
    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda _: sealed(played, players=1), range(4)))
    assert sum(run.events for run in runs) == 8
    assert losses(played) == []


def test_a_sealer_stops_if_the_chain_grew_meanwhile(played: APIFlask, sql: Sql) -> None:
    """Only where the lock was lost with its connection."""

    def meanwhile(_: int) -> None:
        sql("INSERT INTO seal (no, all_counted, digest) VALUES (2, false, '')")

    with pytest.raises(SealedMeanwhile):
        sealed(played, players=1, progress=meanwhile)
    assert sql("SELECT user_id FROM sealed_player") == [(1,)]


def test_sealing_does_not_wait_for_events_in_progress(played: APIFlask, database: str, sql: Sql) -> None:
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM user_clock WHERE user_id = 2 FOR UPDATE")
        assert sealed(played).events == 8
        assert sql("SELECT sealed FROM user_clock ORDER BY user_id") == [(4,), (0,), (1,)]
    again = sealed(played)
    assert (again.events, again.players) == (0, 0)
    assert sql("SELECT sealed FROM user_clock ORDER BY user_id") == [(4,), (3,), (1,)]
    assert losses(played) == []


def test_events_stored_while_sealing_are_in_the_next_seal(app: APIFlask) -> None:
    ended = threading.Event()

    def play(user_id: int) -> int:
        client = app.test_client()
        t = 0
        while not ended.is_set() and t < 2000:
            t += 1
            codes(send(client, "deposit" if t % 3 else "withdraw", f"{t % 200 + 1}", t, user_id))
        return t

    with ThreadPoolExecutor(4) as threads:
        players = [threads.submit(play, user_id) for user_id in range(1, 5)]
        events = sum(sealed(app, players=2).events for _ in range(8))
        ended.set()
        stored = sum(player.result() for player in players)
    assert verified(app).lost == 0
    assert events + sealed(app).events == stored
    assert losses(app) == []
    assert verified(app).not_sealed == 0


def test_an_event_deleted_before_sealing_is_reported(
    played: APIFlask, sql: Sql, capfd: pytest.CaptureFixture[str]
) -> None:
    sql(ALL_OF_1)
    sealed(played)
    assert '"user_id": 1, "above": 0, "upto": 4, "stored": 0, "event": "events missing"' in capfd.readouterr().err
    assert any("player 1: 4 events were counted, but 4 of them are not stored" in each for each in losses(played))


def test_sealing_does_not_read_sealed_events_again(app: APIFlask, database: str, sql: Sql) -> None:
    """Players with very many events and alerts, of which all but the last three are sealed.

    More events may have come in the second of the last sealed one, so that is read again (A49).
    """
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes, seq)"
        " SELECT user_id, n, 'withdraw', 150, '{1100}', n"
        " FROM generate_series(1, 20000) AS n, generate_series(1, 2) AS user_id"
    )
    sql(
        "INSERT INTO alert (user_id, t, code, edition, shadow, evidence)"
        " SELECT user_id, n, 1100, 1, false, '{}' FROM generate_series(1, 20000) AS n, generate_series(1, 2) AS user_id"
    )
    sql("INSERT INTO sealed_player SELECT user_id, 19997, 19997, 19997, 1, '' FROM generate_series(1, 2) AS user_id")
    sql("INSERT INTO user_clock SELECT user_id, 20000, 20000, 19997 FROM generate_series(1, 2) AS user_id")
    sql("ANALYZE")
    prepare = "PREPARE due (bigint, bigint) AS " + UNSEALED_EVENTS % {"first": "$1", "last": "$2"}
    plan = explained(database, prepare, "due (1, 2)")
    assert plan["Actual Rows"] == 6
    for node in nodes(plan):
        if "Relation Name" in node and node["Relation Name"] in {"activity_event", "alert"}:
            assert node["Actual Rows"] + node.get("Rows Removed by Filter", 0) <= 3 + 1, node
    assert app is not None


@pytest.mark.parametrize("word", ["seal", "count"])
def test_sealing_without_a_database_ends_with_one_line(app_with: AppWith, word: str) -> None:
    done = run(app_with(database_url="postgresql://nobody@127.0.0.1:1/nothing"), word)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: the database cannot be read (")
    assert done.stderr.rstrip().endswith(f"to try again: flask --app app rules {word}")
