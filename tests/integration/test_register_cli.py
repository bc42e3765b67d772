"""`flask users …`: the register from the command line, by the same rules as over HTTP."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import pytest
from click.testing import Result

from tests.integration.clients import send
from tests.integration.conftest import AppWith, Sql, fresh_database

Flask = Callable[..., Result]
ADA = ("--name", "Ada", "--email", "ada@example.com")


@pytest.fixture
def flask(app_with: AppWith) -> Flask:
    """Run a command of the application."""
    runner = app_with().test_cli_runner()
    return lambda *words: runner.invoke(args=words)


def refused(result: Result) -> str:
    """Return the one line of a command that ended with an error."""
    assert result.exit_code == 1
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith("Error: ")
    return line


def test_a_user_is_added_under_the_next_free_id_or_the_one_given(flask: Flask, sql: Sql) -> None:
    assert flask("users", "add", *ADA).stdout == "1  Ada <ada@example.com>\n"
    given = flask("users", "add", "--name", "Ben", "--email", "ben@example.com", "--user-id", "9")
    assert (given.exit_code, given.stdout) == (0, "9  Ben <ben@example.com>\n")
    assert sql("SELECT user_id, name, email FROM registered_user ORDER BY user_id") == [
        (1, "Ada", "ada@example.com"),
        (9, "Ben", "ben@example.com"),
    ]


WRONG = [
    (("--name", " ", "--email", "a@example.com"), ("--name",)),
    (("--name", "A\x07", "--email", "a@example.com"), ("--name",)),
    (("--name", "\udcff", "--email", "a@example.com"), ("--name",)),
    (("--name", "A" * 101, "--email", "a@example.com"), ("--name",)),
    (("--name", "A", "--email", "a"), ("--email",)),
    (("--name", "A", "--email", "a@example.com", "--user-id", "0"), ("--user-id",)),
    (("--name", "", "--email", "a", "--user-id", str(2**63)), ("--name", "--email", "--user-id")),
]


@pytest.mark.parametrize(("words", "named"), WRONG)
def test_values_that_the_api_refuses_are_refused_by_name_in_one_line(
    flask: Flask, sql: Sql, words: tuple[str, ...], named: tuple[str, ...]
) -> None:
    line = refused(flask("users", "add", *words))
    assert set(re.findall(r"(--[a-z-]+):", line)) == set(named)
    assert sql("SELECT count(*) FROM registered_user") == [(0,)]


def test_a_taken_id_or_email_is_refused_in_one_line(flask: Flask) -> None:
    flask("users", "add", *ADA)
    assert "this email" in refused(flask("users", "add", "--name", "B", "--email", "ADA@example.com"))
    assert "this user_id" in refused(flask("users", "add", "--name", "B", "--email", "b@example.com", "--user-id", "1"))


def test_without_a_free_id_the_message_says_to_give_one(flask: Flask) -> None:
    flask("users", "add", *ADA, "--user-id", str(2**63 - 1))
    assert "give the player a user_id" in refused(flask("users", "add", "--name", "B", "--email", "b@example.com"))


def test_all_players_are_listed_one_a_line(flask: Flask, sql: Sql) -> None:
    sql(
        "INSERT INTO registered_user (user_id, name, email) SELECT n, repeat('x', 100),"
        " n || repeat('x', 40) || '@' || repeat('example.', 20) || 'com' FROM generate_series(1, 250) AS n"
    )
    flask("users", "add", "--name", "[red]Ada[/red] [/]", "--email", "ada@example.com")
    heading, *lines = flask("users", "list").stdout.splitlines()
    assert heading.split() == ["user_id", "name", "email", "registered", "(UTC)", "groups"]
    assert [int(line.split()[0]) for line in lines] == list(range(1, 252))
    assert "[red]Ada[/red] [/]" in lines[-1], "a name is no markup"
    assert all(line.split()[2].endswith("com") for line in lines[:-1]), "nothing is cut off"


def test_the_list_of_an_empty_register_says_what_to_do(flask: Flask) -> None:
    assert "flask --app app users add" in flask("users", "list").stdout


def test_seeding_registers_the_sample_users_once(flask: Flask, sql: Sql) -> None:
    for _ in range(2):
        seeded = flask("users", "seed")
        assert (seeded.exit_code, len(seeded.stdout.splitlines())) == (0, 4)
    assert sql("SELECT user_id FROM registered_user ORDER BY user_id") == [(1,), (2,), (3,), (4,)]


def test_an_added_player_may_send_events_where_registration_is_required(app_with: AppWith) -> None:
    app = app_with(registered_users_only=True)
    assert send(app.test_client(), "deposit", "1", 1).status_code == 404
    app.test_cli_runner().invoke(args=("users", "add", *ADA))
    assert send(app.test_client(), "deposit", "1", 1).status_code == 200


COMMANDS = [
    ("users", "add", *ADA),
    ("users", "list"),
    ("users", "seed"),
    ("keys", "list"),
    ("keys", "revoke", "abc"),
    ("keys", "create", "--name", "a", "--scope", "events:write"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=[" ".join(words[:2]) for words in COMMANDS])
def test_without_a_database_a_command_ends_with_one_line(app_with: AppWith, words: tuple[str, ...]) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"postgresql://someone:secret@127.0.0.1:{nobody.getsockname()[1]}/x"
        line = refused(app_with(database_url=url).test_cli_runner().invoke(args=words))
    assert "cannot connect to the database" in line
    assert "secret" not in line


def test_a_command_on_an_unmigrated_database_says_to_migrate(app_with: AppWith, server: str) -> None:
    with fresh_database(server) as unmigrated:
        line = refused(app_with(database_url=unmigrated).test_cli_runner().invoke(args=("users", "list")))
    assert "flask --app app db upgrade" in line


def test_the_program_exits_with_a_status_and_one_line(database: str) -> None:
    def flask(*words: str, url: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "flask", "--app", "app", *words]
        environment = {**os.environ, "DATABASE_URL": url}
        return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)  # noqa: S603

    added = flask("users", "add", *ADA, url=database)
    assert (added.returncode, added.stdout, added.stderr) == (0, "1  Ada <ada@example.com>\n", "")
    away = flask("users", "list", url="postgresql://127.0.0.1:1/x")
    assert (away.returncode, away.stdout) == (1, "")
    assert len(away.stderr.splitlines()) == 1
