"""`users change`, `users changes` and `users import`: by the same rules as over HTTP, with who and where (A57)."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from app.players import files
from lib.shell_user import shell_user
from tests.integration.conftest import AppWith, Sql

Flask = Callable[..., Result]
ADA = ("--name", "Ada", "--email", "ada@example.com")


@pytest.fixture
def flask(app_with: AppWith) -> Flask:
    """Run a command of the application."""
    runner = app_with().test_cli_runner()
    return lambda *words: runner.invoke(args=["users", *map(str, words)])


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of these lines."""

    def write(*lines: str, name: str = "players.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return path

    return write


REGISTER = "SELECT user_id, name, email, groups, version FROM registered_user ORDER BY user_id"


def test_a_change_is_recorded_with_the_person_and_the_shell(flask: Flask, sql: Sql) -> None:
    flask("add", *ADA, "--group", "vip", "--as", "Ann")
    changed = flask("change", 1, "--group", "18-24", "--group", "vip", "--name", "Ada L", "--as", "Ann")
    assert changed.stdout == "1  Ada L, ada@example.com, 18-24 vip (version 2)\n"
    assert flask("change", 1, "--no-groups", "--as", "Ben").exit_code == 0
    who = "SELECT version, changed_by, at_shell FROM player_change ORDER BY version"
    assert sql(who) == [(1, "Ann", shell_user()), (2, "Ann", shell_user()), (3, "Ben", shell_user())]
    heading, newest, middle, oldest = flask("changes", 1).stdout.splitlines()
    assert heading.split()[0] == "version"
    assert "groups: 18-24 vip → no groups" in newest
    assert "name: Ada → Ada L; groups: vip → 18-24 vip" in middle
    assert "groups: no groups → vip" in oldest
    assert "18-24 vip" in flask("list").stdout or "registered" in flask("list").stdout


REFUSED = [
    (("change", 1), 2, "give what changes"),
    (("change", 1, "--group", "vip", "--no-groups"), 2, "not both"),
    (("change", 1, "--group", "VIP"), 1, "--group: Must be 1 to 32 of a-z"),
    (("change", 1, "--email", "ada"), 1, "--email: Must be an address"),
    (("change", 9, "--name", "A"), 1, "player 9 is not registered"),
    (("change", 1, "--name", "A", "--as", "service"), 2, "reserved"),
    (("add", *ADA, "--group", "v ip"), 1, "--group: Must be 1 to 32 of a-z"),
]


@pytest.mark.parametrize(("words", "status", "said"), REFUSED)
def test_what_cannot_be_is_refused(flask: Flask, sql: Sql, words: tuple[object, ...], status: int, said: str) -> None:
    flask("add", *ADA)
    done = flask(*words)
    assert (done.exit_code, said in done.stderr) == (status, True), done.output
    assert sql(REGISTER) == [(1, "Ada", "ada@example.com", [], 0)]


CSV = ("user_id,name,email,groups", "1,,,vip", "2,Ben,ben@example.com,18-24 vip", "3,Cleo,cleo@example.com,")


def test_an_import_registers_and_changes_and_again_changes_nothing(
    flask: Flask, sql: Sql, file: Callable[..., Path]
) -> None:
    flask("add", *ADA, "--group", "self-limited")
    tried = flask("import", file(*CSV), "--dry-run")
    assert tried.stdout == "Dry run. It would be: 2 registered, 1 changed, 0 as they were, 0 lines with faults.\n"
    assert len(sql(REGISTER)) == 1
    done = flask("import", file(*CSV), "--as", "Ann")
    assert (done.exit_code, done.stdout) == (0, "2 registered, 1 changed, 0 as they were, 0 lines with faults.\n")
    register = [
        (1, "Ada", "ada@example.com", ["vip"], 2),
        (2, "Ben", "ben@example.com", ["18-24", "vip"], 1),
        (3, "Cleo", "cleo@example.com", [], 0),
    ]
    assert sql(REGISTER) == register
    assert sql("SELECT DISTINCT changed_by FROM player_change WHERE user_id = 2") == [("Ann",)]
    assert "0 registered, 0 changed, 3 as they were" in flask("import", file(*CSV)).stdout
    assert sql(REGISTER) == register


def test_a_column_that_is_missing_stays_and_an_empty_cell_of_groups_is_none(
    flask: Flask, sql: Sql, file: Callable[..., Path]
) -> None:
    flask("add", *ADA, "--group", "vip")
    flask("import", file("name;user_id", "Ada L;1"))
    assert sql(REGISTER) == [(1, "Ada L", "ada@example.com", ["vip"], 2)]
    flask("import", file("user_id;groups", "1;"))
    assert sql(REGISTER) == [(1, "Ada L", "ada@example.com", [], 3)]


def test_lines_may_be_json_and_gzipped(flask: Flask, sql: Sql, tmp_path: Path) -> None:
    players = [{"user_id": n, "name": "A", "email": f"{n}@example.com", "groups": ["vip"]} for n in (1, 2)]
    path = tmp_path / "players.ndjson.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, players)).encode()))
    assert "2 registered" in flask("import", path).stdout
    assert [groups for *_, groups, _ in sql(REGISTER)] == [["vip"], ["vip"]]


FAULTY = (
    "user_id,name,email,groups",
    "1,Ada,ada@example.com,vip",
    "x,Ben,ben@example.com,",
    "3,Cleo,CLEO",
    "4,Dan,dan@example.com,VIP",
    "5,Eve,ADA@example.com,",
    "6,,,vip",
    "7,Gil,gil,",
)
REASONS = [
    (3, "user_id", "Must be a JSON integer."),
    (4, "", "has 3 values, but the header names 4"),
    (5, "groups", "Must be 1 to 32 of a-z"),
    (6, "email", "another player has this email"),
    (7, "user_id", "player 6 is not registered; send the name and the email as well"),
    (8, "email", "Must be an address"),
]


def test_faults_are_told_by_line_and_stop_the_import(
    flask: Flask, sql: Sql, file: Callable[..., Path], tmp_path: Path
) -> None:
    path, kept = file(*FAULTY), tmp_path / "faults.csv"
    done = flask("import", path, "--faults", kept)
    assert (done.exit_code, "Nothing is changed" in done.stdout) == (1, True)
    for line, at_fault, reason in REASONS:
        where = f"line {line}, {at_fault}: " if at_fault else f"line {line}: "
        assert any(said.startswith(where) and reason in said for said in done.stderr.splitlines()), done.stderr
    assert [row.split(",")[0] for row in kept.read_text().splitlines()] == ["line", *(str(each[0]) for each in REASONS)]
    assert sql(REGISTER) == []
    taken = flask("import", path, "--max-faults", len(REASONS))
    assert (taken.exit_code, "1 registered" in taken.stdout) == (0, True)
    assert len(sql(REGISTER)) == 1


def test_a_dry_run_sees_what_earlier_lines_would_have_changed(
    flask: Flask, sql: Sql, file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_PLAYERS", 2)
    flask("add", *ADA)
    lines = (
        "user_id,name,email",
        "1,,new@example.com",
        "2,Ben,ada@example.com",
        "3,Cleo,ben@example.com",
        "4,D,new@example.com",
    )
    tried, done = flask("import", file(*lines), "--dry-run"), flask("import", file(*lines), "--max-faults", 1)
    assert "2 registered, 1 changed, 0 as they were, 1 lines with faults" in tried.stdout
    assert done.stdout == tried.stdout.removeprefix("Dry run. It would be: ")
    assert [email for _, _, email, *_ in sql(REGISTER)] == ["new@example.com", "ada@example.com", "ben@example.com"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("name,email", "A,a@example.com"), "it needs user_id"),
        (("user_id,role", "1,admin"), "it needs user_id, and may have name, email, groups"),
        (("user_id,name,name", "1,a,b"), "it needs user_id"),
        (("",), "is empty"),
    ],
)
def test_a_file_of_other_columns_is_refused(
    flask: Flask, file: Callable[..., Path], lines: tuple[str, ...], said: str
) -> None:
    done = flask("import", file(*lines))
    assert (done.exit_code, said in done.stderr) == (1, True), done.output
