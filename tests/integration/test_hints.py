"""Messages name the next step in the form of their place: a command in a terminal or log, a request over HTTP (A27)."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask

from app.rulebook import controllers
from app.rulebook.approval import Change
from lib import hints
from lib.caller import VARIABLE as CALLER_FOLDER
from lib.commands import INTERRUPTED
from tests.edition_1 import RULES
from tests.integration.books import write_into
from tests.integration.clients import problem
from tests.integration.conftest import Sql
from tests.integration.wiring import wiring

FOR_A_SHELL = re.compile(r"\b(flask|make|docker|sudo|activity-alerts) (-|[a-z]+ )|\bflask [a-z]|\bmake start")
PLACE = "sudo -u activity activity-alerts"

pytestmark = pytest.mark.usefixtures("started_by_make")


@pytest.fixture
def started_by_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(hints.PREFIX, PLACE)


def run(app: APIFlask, *arguments: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["rules", *arguments])
    return done.exit_code, done.output


def test_api_and_command_line_name_their_own_next_step(app: APIFlask) -> None:
    answer = app.test_client().get("/rules/9")
    assert problem(answer) == (404, "unknown-edition")
    assert answer.get_json()["detail"] == "there is no edition 9; list the editions: GET /rules"
    expected = f"Error: there is no edition 9; list the editions: {PLACE} rules list\n"
    assert run(app, "show", "9") == (1, expected)
    assert run(app, "backtest", "9")[1].endswith(expected), "those that join the commands of the rule book, too"


def test_readiness_names_a_request_and_the_log_a_command(
    app: APIFlask, sql: Sql, capfd: pytest.CaptureFixture[str]
) -> None:
    database = wiring(app).database
    spoilt = controllers.draft(database, RULES, Change(actor="ann")).edition
    controllers.shadow(database, spoilt, Change(actor="ann"))
    write_into(sql, spoilt, '[{"code": 1}]')
    answer = app.test_client().get("/health/ready")
    assert answer.get_json()["detail"].endswith("does not run in the shadow: POST /rules/2/retire")
    output = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "rule book not read" in line]
    assert output[0]["fault"].endswith(f"does not run in the shadow: {PLACE} rules retire 2")


def test_the_openapi_document_names_no_shell_command(app: APIFlask) -> None:
    """The examples of all refusals are in it."""
    found = FOR_A_SHELL.search(json.dumps(app.test_client().get("/openapi.json").get_json()))
    assert found is None, found


def test_no_message_is_hard_coded_for_one_interface() -> None:
    """A new message must use `lib.hints`, and clients get a request."""
    beside_the_makefile = {"local", "install"}
    files = [
        path
        for folder in ("app", "lib")
        for path in Path(folder).rglob("*.py")
        if not beside_the_makefile.intersection(path.parts)
    ]
    written = [(str(path), text) for path in files for text in literals(ast.parse(path.read_text(encoding="utf-8")))]
    assert [each for each in written if FOR_A_SHELL.search(each[1])] == [("lib/hints.py", hints.PLAIN)]


def literals(node: ast.AST) -> Iterator[str]:
    """Yield the strings of a program, parts of f-strings among them, but for its docstrings."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str) and not isinstance(node, ast.Expr):
            yield child.value
        yield from literals(child)


@pytest.mark.usefixtures("backtests_in_this_process")
def test_file_arguments_are_relative_to_the_caller(
    app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rules.toml").write_text(run(app, "export", "1")[1])
    here = Path.cwd()
    monkeypatch.setenv(CALLER_FOLDER, str(tmp_path))
    assert run(app, "draft", "rules.toml", "--as", "ann")[1].startswith("Edition 2 is drafted")
    assert run(app, "backtest", "2", "--json", "report.json")[0] == 0
    assert json.loads((tmp_path / "report.json").read_text())
    assert Path.cwd() == here
    monkeypatch.setenv(CALLER_FOLDER, str(tmp_path / "gone"))
    assert run(app, "list")[0] == 0, "one that cannot be entered hinders nobody who needs no file"


def test_rules_can_come_from_standard_input(app: APIFlask) -> None:
    """Also where the caller's folder is closed to the user of the service."""
    exported = run(app, "export", "1")[1]
    done = app.test_cli_runner().invoke(args=["rules", "draft", "-", "--as", "ann"], input=exported)
    assert done.output.startswith("Edition 2 is drafted")


def test_an_interrupted_command_ends_with_the_status_of_ctrl_c(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(controllers, "publish", interrupted)
    status, output = run(app, "publish", "1", "--as", "ann")
    assert (status, output) == (INTERRUPTED, "Interrupted: check what was done before you try again.\n")
