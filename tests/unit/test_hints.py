"""What a message names can be typed where it is read."""

import pytest

from lib import hints
from lib.local.hints import make


def test_a_command_is_named_as_it_is_typed_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_make_is_told_where_to_go_if_its_reader_stands_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLER_FOLDER", raising=False)
    assert make("stop") == "make stop"
    monkeypatch.chdir("/tmp")  # noqa: S108  # any folder
    monkeypatch.setenv("CALLER_FOLDER", "/tmp")  # noqa: S108  # as above
    assert make("stop") == "make stop"
    monkeypatch.setenv("CALLER_FOLDER", "/")
    assert make("stop") == "make -C /tmp stop"
