"""Browsers in which somebody has signed in; A70."""

from datetime import UTC, datetime, timedelta

import pytest

from app.staff.known_browsers import KNOWN_FOR, known_browser, mark_browser
from app.staff.totp import ConsoleKeys

NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
OLD, NEW = "o" * 32, "n" * 32
KEYS = ConsoleKeys(values=(OLD,))
ANN = "ann@example.com"


def test_a_browser_is_known_to_the_one_who_signed_in_there() -> None:
    mark = mark_browser(KEYS, ANN, NOW)
    name = known_browser(KEYS, mark, " Ann@Example.com", NOW + KNOWN_FOR)
    assert name
    assert known_browser(KEYS, mark, "ben@example.com", NOW) is None
    assert known_browser(KEYS, mark, ANN, NOW + KNOWN_FOR + timedelta(seconds=1)) is None


def test_each_sign_in_makes_another_mark() -> None:
    assert mark_browser(KEYS, ANN, NOW) != mark_browser(KEYS, ANN, NOW)


def test_marks_outlive_a_key_that_is_being_replaced_and_end_with_it() -> None:
    mark = mark_browser(KEYS, ANN, NOW)
    assert known_browser(ConsoleKeys(values=(NEW, OLD)), mark, ANN, NOW)
    assert known_browser(ConsoleKeys(values=(NEW,)), mark, ANN, NOW) is None


def test_without_a_key_no_browser_is_known() -> None:
    assert mark_browser(ConsoleKeys(), ANN, NOW) == ""
    assert known_browser(ConsoleKeys(), mark_browser(KEYS, ANN, NOW), ANN, NOW) is None


@pytest.mark.parametrize("place", range(4))
def test_a_mark_that_was_changed_is_none(place: int) -> None:
    parts = mark_browser(KEYS, ANN, NOW).split(".")
    parts[place] = parts[place][:-1] + ("1" if parts[place][-1] != "1" else "2")
    assert known_browser(KEYS, ".".join(parts), ANN, NOW) is None


@pytest.mark.parametrize("mark", ["", "x", "...", "a.b.c.d", "0" * 5000, "\u0661.2.3.4"])
def test_anything_else_is_none(mark: str) -> None:
    assert known_browser(KEYS, mark, ANN, NOW) is None
