"""Attribution: the key in an event's row and log line, log lines of reads of personal data, the audit of keys."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import flask_migrate
import psycopg2.errors
import pytest
from apiflask import APIFlask

from app.access.controllers import create_key
from app.access.domain import Access, ApiKey, Scope, prefix_of
from app.access.key_cache import Copy
from tests.integration.conftest import AppWith, Sql, Unmigrated
from tests.integration.raw_http import ask, await_health, event
from tests.integration.servers import Serve
from tests.integration.wiring import wiring

pytestmark = pytest.mark.settings(access=Access.KEYS)


def lines(log_file: Path, *names: str) -> list[dict[str, object]]:
    written = [json.loads(line) for line in log_file.read_text().splitlines()]
    return [line for line in written if line["event"] in names]


def id_of(sql: Sql, key: str) -> int:
    [(key_id,)] = sql("SELECT id FROM api_key WHERE prefix = %s", prefix_of(key))
    return int(key_id)


REFUSED = [("POST", "/event"), ("POST", "/nothing"), ("DELETE", "/event")]
READING = ["/users/1", "/users/1/events", "/users?after=0", "/alerts?user=1", "/alerts/1/1/30"]


def test_events_store_their_key_and_reads_are_logged_with_theirs(
    app: APIFlask, serve: Serve, port: int, sql: Sql, tmp_path: Path
) -> None:
    log_file = tmp_path / "service.log"
    serve(ACCESS=Access.KEYS.value, LOG_FILE=str(log_file))
    await_health(port)
    key = create_key(wiring(app).database, "payments", list(Scope), None)
    key_id, shown = id_of(sql, key), {"Authorization": f"Bearer {key}"}
    assert ask(port, "POST", "/event", body=event(1), **shown).status == 200
    for path in READING:
        assert ask(port, "GET", path, **shown).status in {200, 404}
    assert ask(port, "GET", "/rules", **shown).status == 200
    assert sql("SELECT key_id FROM activity_event") == [(key_id,)]
    assert [line["key_id"] for line in lines(log_file, "event")] == [key_id]
    read = lines(log_file, "personal data read")
    assert [(line["key_id"], line["key_prefix"]) for line in read] == [(key_id, prefix_of(key))] * len(READING)
    assert [f"{line['path']}?{line['query']}".rstrip("?") for line in read] == READING
    assert [(line["path"], line["key_id"]) for line in lines(log_file, "key used")] == [("/rules", key_id)]
    refused = [ask(port, method, path, body=event(-1), **shown).status for method, path in REFUSED]
    assert refused == [400, 404, 405]
    assert {line["key_id"] for line in lines(log_file, "request refused")[-len(REFUSED) :]} == {key_id}
    assert key not in log_file.read_text()


def test_without_keys_events_store_none_and_reads_are_still_logged(
    serve: Serve, port: int, sql: Sql, tmp_path: Path
) -> None:
    log_file = tmp_path / "service.log"
    serve(LOG_FILE=str(log_file))
    await_health(port)
    assert ask(port, "POST", "/event", body=event(1)).status == 200
    assert ask(port, "GET", "/users/1").status == 200
    assert sql("SELECT key_id FROM activity_event") == [(None,)]
    assert [(line["path"], line["key_id"]) for line in lines(log_file, "personal data read")] == [("/users/1", None)]


def run(app: APIFlask, *arguments: str) -> tuple[int, str, str]:
    done = app.test_cli_runner().invoke(args=["keys", *arguments])
    return done.exit_code, done.stdout, done.stderr


def made(app: APIFlask, *more: str) -> str:
    status, printed, output = run(app, "create", "--name", "payments", "--scope", "events:write", *more)
    assert status == 0, output
    return printed.strip()


def test_creation_and_revocation_of_keys_are_audited_permanently(
    app: APIFlask, sql: Sql, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "ann")
    key = made(app)
    monkeypatch.setenv("SUDO_USER", "ben")
    assert run(app, "revoke", prefix_of(key))[0] == 0
    assert run(app, "revoke", prefix_of(key))[0] == 0, "again, which changes nothing"
    [(created_by, revoked_by)] = sql("SELECT created_by, revoked_by FROM api_key")
    assert ("sudo: ann" in created_by, "sudo: ben" in revoked_by) == (True, True)
    steps = sql("SELECT step, who FROM key_event WHERE key_id = %s ORDER BY id", id_of(sql, key))
    assert steps == [("create", created_by), ("revoke", revoked_by)]
    written = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    assert [line["who"] for line in written if line["event"] in {"key created", "key revoked"}][:2] == [
        created_by,
        revoked_by,
    ]
    shown = run(app, "show", prefix_of(key)[:6])[1]
    assert created_by in shown
    assert f"revoke, {revoked_by}" in shown


CHANGES = ["UPDATE key_event SET who = 'nobody'", "DELETE FROM key_event", "TRUNCATE key_event"]


@pytest.mark.parametrize("change", CHANGES)
def test_the_key_audit_is_append_only(app: APIFlask, sql: Sql, change: str) -> None:
    made(app)
    with pytest.raises(psycopg2.errors.RaiseException, match="only added to"):
        sql(change)


def test_a_rotation_never_leaves_a_client_without_a_valid_key(app: APIFlask, sql: Sql) -> None:
    old = made(app, "--expires", "90d")
    status, printed, output = run(app, "rotate", prefix_of(old), "--overlap", "2h")
    new = printed.strip()
    assert (status, f"{prefix_of(old)} (payments) expires " in output) == (0, True)
    rows = sql("SELECT name, scopes, round(extract(epoch FROM expires_at - now()) / 3600) FROM api_key ORDER BY id")
    assert rows == [("payments", ["events:write"], 2), ("payments", ["events:write"], 90 * 24)]
    client = app.test_client()
    for key in (old, new):
        answer = client.get("/rules", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 403, "known, and without that scope"
    assert f"rotate instead of {prefix_of(old)}" in run(app, "show", prefix_of(new))[1]


def test_a_revoked_or_expired_key_is_not_rotated(app: APIFlask, sql: Sql) -> None:
    key = made(app)
    run(app, "revoke", prefix_of(key))
    status, printed, output = run(app, "rotate", prefix_of(key))
    assert (status, printed) == (1, "")
    assert "is revoked" in output
    assert "keys create" in output
    assert sql("SELECT count(*) FROM api_key") == [(1,)]


def test_no_key_lives_longer_than_the_maximum_age(app: APIFlask, app_with: AppWith, sql: Sql) -> None:
    old = made(app)
    sql("UPDATE api_key SET created_at = now() - interval '91 days'")
    strict = app_with(access=Access.KEYS, key_max_age=timedelta(days=90))
    status, _, output = run(strict, "create", "--name", "x", "--scope", "events:write", "--expires", "91d")
    assert (status, "KEY_MAX_AGE allows 90 days" in output) == (1, True)
    new = made(strict)
    assert sql("SELECT expires_at - created_at FROM api_key WHERE prefix = %s", prefix_of(new)) == [
        (timedelta(days=90),)
    ]
    client = strict.test_client()
    assert client.get("/rules", headers={"Authorization": f"Bearer {new}"}).status_code == 403
    refused = client.get("/rules", headers={"Authorization": f"Bearer {old}"})
    assert (refused.status_code, "expired" in refused.get_json()["detail"]) == (401, True)
    assert "expired" in run(strict, "list")[1]


def test_the_last_ten_refusals_of_a_key_are_kept(app: APIFlask, sql: Sql) -> None:
    key = made(app)
    client = app.test_client()
    for _ in range(7):
        client.get("/rules", headers={"Authorization": f"Bearer {key}"})
    wiring(app).entrance.last_used.write()
    assert refused_last(app, sql).endswith(" (7)")
    for _ in range(7):
        client.get("/users/7/events", headers={"Authorization": f"Bearer {key}"})
    wiring(app).entrance.last_used.write()
    shown = run(app, "show", prefix_of(key))[1]
    assert shown.count("no scope events:read") == 7
    assert shown.count("no scope rules:read") == 3
    assert "/events" in shown
    assert refused_last(app, sql).endswith(" (10)")
    unused = made(app)
    assert re.search(rf"^{prefix_of(unused)} .* never +never +never ", run(app, "list")[1], re.MULTILINE)


def test_keys_list_shows_the_refusals_of_every_key_on_request(app: APIFlask) -> None:
    spare, key = made(app), made(app)
    for path in ("/rules", "/users/7/events"):
        app.test_client().get(path, headers={"Authorization": f"Bearer {key}"})
    wiring(app).entrance.last_used.write()
    status, listed, _ = run(app, "list", "--refusals")
    assert (status, f"Last refusals of {prefix_of(key)} (payments), newest first:" in listed) == (0, True)
    assert listed.index("no scope events:read") < listed.index("no scope rules:read")
    assert f"refusals of {prefix_of(spare)}" not in listed
    assert "no scope" not in run(app, "list")[1]


def refused_last(app: APIFlask, sql: Sql) -> str:
    """Return what `keys list` says of the last refusal of the only key that has any."""
    [(latest,)] = sql("SELECT refusals -> 0 ->> 'at' FROM api_key WHERE refusals <> '[]'")
    [shown] = re.findall(r"\S+ \S+ \(\d+\)", run(app, "list")[1].replace("(UTC)", ""))
    assert shown.startswith(f"{datetime.fromisoformat(latest).astimezone(UTC):%Y-%m-%d %H:%M}")
    return str(shown)


def test_a_key_ends_by_the_clock_of_the_database() -> None:
    """The clock of the process does not matter."""
    then = datetime(2031, 1, 1, tzinfo=UTC)
    ends = then + timedelta(hours=1)
    key = ApiKey(id=1, prefix="p", name="n", digest=b"", scopes=frozenset(), created_at=then, expires_at=ends)
    read_at = time.monotonic()
    assert Copy(read_at, then, {}).state(key) == "valid"
    assert Copy(read_at, then + timedelta(hours=2), {}).state(key) == "expired"
    assert Copy(read_at - 7200, then, {}).state(key) == "expired", "time goes on since it was read"


def test_the_migration_rewrites_no_event_and_the_previous_release_works(unmigrated: Unmigrated) -> None:
    unmigrated.migrate("0006")
    sql = unmigrated.sql
    sql("INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES (1, 1, 'deposit', 1, '{}')")
    sql("INSERT INTO api_key (prefix, name, digest, scopes) VALUES ('a', 'a', sha256('a'), '{}')")
    [file] = sql("SELECT pg_relation_filenode('activity_event')")
    unmigrated.migrate("head")
    assert sql("SELECT pg_relation_filenode('activity_event')") == [file]
    sql("INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES (1, 2, 'deposit', 1, '{}')")
    sql("INSERT INTO api_key (prefix, name, digest, scopes) VALUES ('b', 'b', sha256('b'), '{}')")
    sql("UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE prefix = 'a'")
    assert sql("SELECT key_id FROM activity_event") == [(None,), (None,)]
    assert len(sql("SELECT DISTINCT id FROM api_key")) == 2
    with unmigrated.app.app_context():
        flask_migrate.downgrade("migrations", "0006")
        flask_migrate.upgrade("migrations")
