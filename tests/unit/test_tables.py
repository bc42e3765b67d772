"""Tables: at any terminal width every value can be read completely."""

import re
from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from lib.tables import new_table, print_whole

ROWS = [
    ("0123456789ab", "the key of payments", "a" * 50 + "@example.com", "2026-01-02 03:04", "1,234 (56)"),
    ("ba9876543210", "x", "b@example.com", "never", "7 (1)"),
    ("cccccccccccc", "unbroken" * 12, "b@example.com", "never", "7 (1)"),
    ("dddddddddddd", "日本語の名前 と もう一つ", "b@example.com", "never", "7 (1)"),
]
HEADINGS = ("prefix", "name", "email", "last used (UTC)", "alerts")
WIDTHS = [1, 20, 40, 79, 80, 81, 100, 120, 160, 200, 400]


def printed(width: int | None, *, terminal: bool = True) -> str:
    table = new_table(*HEADINGS, prose=("name",), left=4)
    for row in ROWS:
        table.add_row(*map(Text, row))
    out = Console(file=StringIO(), width=width or 80, force_terminal=terminal, color_system=None, highlight=False)
    print_whole(table, out, width=width)
    assert out.width == (width or 80)
    shown: str = out.file.getvalue()  # type: ignore[attr-defined]  # it was made so
    return re.sub("\x1b\\[[0-9;]*m", "", shown)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_truncated_at_any_width(width: int) -> None:
    shown = printed(width)
    assert "…" not in shown
    for row in ROWS:
        assert all(value in shown for place, value in enumerate(row) if place != 1), row
        assert all(word in shown for word in row[1].split()), row
    assert all(heading in shown for heading in HEADINGS)


def test_prose_wraps_if_that_makes_the_rows_fit() -> None:
    rows = ("0123456789ab", " ".join(["word"] * 30))
    table = new_table("prefix", "note", prose=("note",))
    table.add_row(*rows)
    out = Console(file=StringIO(), width=40)
    print_whole(table, out, width=40)
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]  # as above
    assert all(len(line) <= 40 for line in lines)
    assert len(lines) == 7
    assert " ".join(lines[1:]).split() == " ".join(rows).split()


def test_without_a_terminal_each_row_is_one_line() -> None:
    lines = printed(None, terminal=False).splitlines()
    assert len(lines) == 1 + len(ROWS)
    assert [re.split(" {2,}", line.strip()) for line in lines[1:]] == [list(row) for row in ROWS]


@pytest.mark.parametrize("width", [119, 120, 121, 180])
def test_rows_that_fit_take_one_line_each(width: int) -> None:
    table = new_table(*HEADINGS, prose=("name",))
    table.add_row(*ROWS[0])
    out = Console(file=StringIO(), width=width)
    print_whole(table, out, width=width)
    assert len(out.file.getvalue().splitlines()) == (2 if width >= 128 else 3)  # type: ignore[attr-defined]  # as above
