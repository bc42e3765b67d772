"""Who may do what: keys, their scopes, their end; and what is written about those who are refused."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.access import controllers
from app.access.domain import Access, NoSuchKey, Scope, prefix_of
from app.access.guard import NO_KEY, scope_of
from app.access.key_cache import NEW_KEY_PAUSE, OLDEST, KeyCache
from lib.database_errors import Unavailable
from tests.integration.clients import problem
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

pytestmark = pytest.mark.settings(access=Access.KEYS)

UNAUTHORIZED = (401, "unauthorized")
Make = Callable[..., str]


@pytest.fixture
def make_key(app: APIFlask) -> Make:
    def make(*scopes: Scope, valid_for: timedelta | None = None) -> str:
        allowed = scopes or (Scope.EVENTS_WRITE,)
        return controllers.create_key(wiring(app).database, "payments", allowed, valid_for)

    return make


@pytest.fixture
def reread(app: APIFlask) -> Callable[[], None]:
    """Have the process read the keys, as it does every other second."""
    look: Callable[[], None] = wiring(app).entrance.keys.refresh
    return look


def send(client: FlaskClient, key: str | None, *, t: int = 1, scheme: str = "Bearer") -> TestResponse:
    headers = {} if key is None else {"Authorization": f"{scheme} {key}"}
    return client.post("/event", json={"type": "deposit", "amount": "1", "user_id": 1, "t": t}, headers=headers)


def test_a_key_with_the_scope_is_accepted(client: FlaskClient, make_key: Make) -> None:
    key = make_key()
    assert send(client, key).status_code == 200
    assert send(client, key, scheme="bearer").headers["Idempotent-Replay"] == "true"


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (None, None),
        ("", "invalid_token"),
        ("nonsense", "invalid_token"),
        ("aa_0123456789ab_" + "x" * 43, "invalid_token"),
        ("aa__", "invalid_token"),
        ("\u00e9\u00ff", "invalid_token"),
        ("x" * 8000, "invalid_token"),
    ],
)
def test_a_request_without_a_valid_key_does_nothing(
    client: FlaskClient, sql: Sql, key: str | None, error: str | None
) -> None:
    answer = send(client, key)
    assert problem(answer) == UNAUTHORIZED
    assert answer.www_authenticate.type == "bearer"
    assert answer.www_authenticate.get("error") == error
    assert sql("SELECT FROM activity_event") == []


def test_another_authorization_scheme_is_refused(client: FlaskClient, make_key: Make) -> None:
    assert problem(send(client, make_key(), scheme="Basic")) == UNAUTHORIZED


@pytest.mark.parametrize("change", ["secret", "prefix"])
def test_a_key_must_match_to_the_last_character(client: FlaskClient, make_key: Make, change: str) -> None:
    key, other = make_key(), make_key()
    forged = key[:-1] + ("a" if key[-1] != "a" else "b") if change == "secret" else other[:16] + key[16:]
    assert problem(send(client, forged)) == UNAUTHORIZED
    assert send(client, key).status_code == 200


@pytest.mark.parametrize("path", ["/event", "/nowhere", "/users/1", "/users/1/events/../x", "/health"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_every_path_requires_a_key_whether_it_exists_or_not(client: FlaskClient, path: str, method: str) -> None:
    assert problem(client.open(path, method=method)) == UNAUTHORIZED


def test_only_health_and_documentation_are_public(app: APIFlask, client: FlaskClient) -> None:
    """A20. Pages of the console need a session instead (test_console.py)."""
    open_rules = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if scope_of(app.view_functions[rule.endpoint]) == NO_KEY and not rule.rule.startswith("/console")
    }
    assert open_rules == {"/health/live", "/health/ready", "/", "/docs", "/docs/", "/docs/<asset>", "/openapi.json"}
    assert client.get("/health/live").status_code == 200
    assert problem(client.get("/health/nothing")) == UNAUTHORIZED


def test_a_key_without_the_scope_is_forbidden_and_the_scope_is_named(
    client: FlaskClient, make_key: Make, sql: Sql, capfd: pytest.CaptureFixture[str]
) -> None:
    key = make_key(Scope.METRICS_READ, Scope.USERS_READ)
    answer = send(client, key)
    assert problem(answer) == (403, "forbidden")
    assert "events:write" in answer.get_json()["detail"]
    assert sql("SELECT FROM activity_event") == []
    logged = capfd.readouterr().err
    assert prefix_of(key) in logged
    assert key not in logged


def test_a_failed_attempt_is_logged_without_the_key(client: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    send(client, "aa_0123456789ab_" + "s3cret" * 8)
    logged = capfd.readouterr().err
    assert '"event": "access refused"' in logged
    assert '"reason": "unknown key"' in logged
    assert "s3cret" not in logged
    assert "0123456789ab" not in logged


def test_a_key_expires_at_its_time(client: FlaskClient, make_key: Make, sql: Sql, reread: Callable[[], None]) -> None:
    key = make_key(valid_for=timedelta(hours=1))
    assert send(client, key).status_code == 200
    sql("UPDATE api_key SET expires_at = now() - interval '1 second'")
    reread()
    answer = send(client, key)
    assert problem(answer) == UNAUTHORIZED
    assert "expired" in answer.get_json()["detail"]


def test_a_revoked_key_is_refused(
    app: APIFlask,
    client: FlaskClient,
    make_key: Make,
    reread: Callable[[], None],
) -> None:
    key = make_key()
    assert send(client, key).status_code == 200
    controllers.revoke_key(wiring(app).database, prefix_of(key))
    reread()
    answer = send(client, key)
    assert problem(answer) == UNAUTHORIZED
    assert "revoked" in answer.get_json()["detail"]


def test_a_new_key_works_at_once(client: FlaskClient, make_key: Make) -> None:
    """A21: the second one too, although the keys were read a moment before it was made."""
    assert send(client, make_key()).status_code == 200
    assert send(client, make_key(), t=2).status_code == 200


def test_a_new_key_works_for_many_requests_at_once(app: APIFlask, make_key: Make) -> None:
    """A21."""
    assert send(app.test_client(), make_key()).status_code == 200
    key = make_key()
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda t: send(app.test_client(), key, t=t).status_code, [2] * 8)
        assert set(answers) == {200}


def test_wrong_keys_are_not_looked_up_one_by_one(
    app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guessing keys must not load the database."""
    database, begun = wiring(app).database, count()
    begin = database.transaction
    monkeypatch.setattr(database, "transaction", lambda **how: (next(begun), begin(**how))[1])
    began = time.monotonic()
    for n in range(200):
        send(client, f"aa_{n:012}_" + "x" * 43)
    assert 1 <= next(begun) <= (time.monotonic() - began) / NEW_KEY_PAUSE + 2


def test_only_the_digest_of_a_key_is_stored(make_key: Make, sql: Sql) -> None:
    key = make_key()
    assert len(key) == 59
    [row] = sql("SELECT api_key::text FROM api_key")
    assert key.rpartition("_")[2] not in str(row)


def test_without_the_key_table_only_metrics_are_served(app_with: AppWith) -> None:
    """A21."""
    app = app_with(access=Access.KEYS, database_url="postgresql://someone@127.0.0.1:1/x")
    answer = send(app.test_client(), "aa_0123456789ab_" + "x" * 43)
    assert problem(answer) == (503, "unavailable")


def test_known_keys_work_for_a_while_without_the_key_table(
    app: APIFlask, make_key: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A21: five seconds for every scope, longer for who watches."""
    key = make_key(Scope.METRICS_READ)
    keys = KeyCache(wiring(app).database)
    assert keys.authenticate(key) is not None
    wiring(app).database.silent = True
    assert keys.authenticate(key) is not None
    monkeypatch.setattr(keys, "_copy", replace(keys._copy, read_at=time.monotonic() - OLDEST - 1))  # noqa: SLF001
    with pytest.raises(Unavailable):
        keys.authenticate(key)
    assert keys.authenticate(key, oldest=600) is not None


def run(app: APIFlask, *arguments: str) -> tuple[int, str, str]:
    done = app.test_cli_runner().invoke(args=["keys", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_commands_make_list_and_revoke(app: APIFlask, client: FlaskClient) -> None:
    status, printed, output = run(app, "create", "--name", "payments", "--scope", "events:write", "--expires", "90d")
    key = printed.strip()
    assert status == 0
    assert send(client, key).status_code == 200
    assert f"keys revoke {prefix_of(key)}" in output
    _, listed, _ = run(app, "list")
    assert all(word in listed for word in ("payments", "events:write", "valid", prefix_of(key)))
    assert key not in listed
    assert run(app, "revoke", prefix_of(key))[0] == 0
    assert "revoked" in run(app, "list")[1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["create", "--name", "x", "--scope", "everything"], "events:write"),
        (["create", "--name", " ", "--scope", "events:write"], "1 to 100 printable characters"),
        (["create", "--name", "x", "--scope", "events:write", "--expires", "soon"], "90d, 12h or 30m"),
        (["create", "--name", "x", "--scope", "events:write", "--expires", "0d"], "90d, 12h or 30m"),
        (["create", "--name", "x"], "--scope"),
        (["revoke", "0123456789ab"], "flask --app app keys list"),
    ],
)
def test_a_wrong_command_says_what_to_do_and_changes_nothing(
    app: APIFlask, sql: Sql, arguments: list[str], expected: str
) -> None:
    status, _, error = run(app, *arguments)
    assert status != 0
    assert expected in error
    assert sql("SELECT FROM api_key") == []


def test_an_empty_list_says_how_to_begin(app: APIFlask) -> None:
    assert "flask --app app keys create" in run(app, "list")[1]


def test_revoking_an_unknown_key_fails(app: APIFlask) -> None:
    with pytest.raises(NoSuchKey):
        controllers.revoke_key(wiring(app).database, "0123456789ab")


BEGINNINGS = {
    "the whole prefix": prefix_of,
    "as much as is its own": lambda key: prefix_of(key)[:4],
    "with the mark": lambda key: key[:7],
    "the whole key": lambda key: key,
}


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_a_key_is_revoked_by_any_unambiguous_prefix(
    app: APIFlask, make_key: Make, sql: Sql, beginning: Callable[[str], str]
) -> None:
    key = make_key()
    sql("UPDATE api_key SET prefix = 'another' WHERE prefix = %s", prefix_of(make_key()))
    status, output, _ = run(app, "revoke", beginning(key))
    assert (status, output.partition(" is revoked")[0]) == (0, f"{prefix_of(key)} (payments)")
    assert sql("SELECT prefix FROM api_key WHERE revoked_at IS NOT NULL") == [(prefix_of(key),)]


def test_an_ambiguous_prefix_is_refused_listing_its_keys(app: APIFlask, make_key: Make, sql: Sql) -> None:
    for prefix in ("abcd11111111", "abcd22222222", "ffff00000000"):
        sql("UPDATE api_key SET prefix = %s WHERE prefix = %s", prefix, prefix_of(make_key()))
    status, _, output = run(app, "revoke", "abcd")
    assert status == 1
    assert "2 keys begin with 'abcd'; give more characters of the one you mean:" in output
    assert "abcd11111111  payments, valid" in output
    assert "ffff" not in output
    assert sql("SELECT FROM api_key WHERE revoked_at IS NOT NULL") == []


@pytest.mark.parametrize("beginning", ["", " ", "aa_", "_", "%", "0123"])
def test_an_unknown_prefix_revokes_no_key(app: APIFlask, make_key: Make, sql: Sql, beginning: str) -> None:
    sql("UPDATE api_key SET prefix = 'abcdef012345' WHERE prefix = %s", prefix_of(make_key()))
    status, _, output = run(app, "revoke", beginning)
    assert (status, "no key begins with" in output) == (1, True)
    assert sql("SELECT FROM api_key WHERE revoked_at IS NOT NULL") == []


def test_a_foreign_secret_is_not_echoed(app: APIFlask) -> None:
    assert "s3cret" not in run(app, "revoke", "aa_0123456789ab_s3cret")[2]
