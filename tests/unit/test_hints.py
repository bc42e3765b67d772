"""Commands in messages can be typed where they are read."""

import ast
import re
from pathlib import Path

import pytest

from lib import hints
from lib.local.terminal import make


def test_a_command_is_shown_as_typed_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hints.command("rules list") == "flask --app app rules list"
    monkeypatch.setenv(hints.PREFIX, "sudo -u activity activity-alerts")
    assert hints.command("rules list") == "sudo -u activity activity-alerts rules list"
    monkeypatch.setenv(hints.PREFIX, " ")
    assert hints.command("rules list") == "flask --app app rules list"


def test_a_request_is_a_line_for_a_shell() -> None:
    """A27."""
    assert hints.curl("GET /rules") == 'curl -X GET "$SERVICE/rules" -H "Authorization: Bearer $KEY"'
    assert hints.curl("POST /rules", '{"edition": 2}').endswith(
        """-H 'Content-Type: application/json' -d '{"edition": 2}'"""
    )


def test_make_gets_a_folder_if_the_reader_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make("stop") == "make stop"
    monkeypatch.setenv("MAKE_PREFIX", "make -C '/a folder'")
    assert make("start PORT=5055") == "make -C '/a folder' start PORT=5055"
    monkeypatch.setenv("MAKE_PREFIX", "")
    assert make("stop") == "make stop"


def test_programs_run_by_make_name_make_only_through_hints() -> None:
    """Except the usage page, and lib.install, which an old Python must be able to parse."""
    strings = [
        (path.name, node.value)
        for path in Path("lib/local").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    named = re.compile(r"\bmake (start|stop|clean|logs|status|db\.)")
    assert [each for each in strings if named.search(each[1]) and "`make" not in each[1]] == []
