"""Tables on standard output that never truncate a word, however narrow the terminal, because people copy from them.

Rich shortens a word that does not fit to "aa0123…". Here a column is never wrapped, unless it is prose, which wraps
between words. If even that does not fit, rows are longer than the terminal's lines: the terminal wraps them, and still
copies each as one line.
"""

from collections.abc import Collection, Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

GAP = 2  # columns of the terminal between two of a table


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, prose: Collection[str] = ()) -> None:
    """Print a table; `prose` lists the headings of columns that may wrap.

    If the output is not a terminal, each row is one line.
    """
    table = new_table(*headings, prose=prose)
    for row in rows:
        table.add_row(*map(Text, row))  # as plain text: names that people chose are not markup
    out = Console(highlight=False)
    print_whole(table, out, width=out.width if out.is_terminal else None)


def new_table(*headings: str, prose: Collection[str] = (), left: int | None = None, show_header: bool = True) -> Table:
    """Make a table for `print_whole`; its first `left` columns (None: all) are left-aligned, the rest right-aligned."""
    table = Table(
        box=None, pad_edge=False, show_header=show_header, header_style="bold", caption_justify="left", highlight=False
    )
    for place, heading in enumerate(headings):
        right = left is not None and place >= left
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading not in prose)
    return table


def print_whole(table: Table, out: Console, *, width: int | None) -> None:
    """Print a table of `new_table` on a terminal of this width; None: as wide as its rows."""
    for column in table.columns:
        column.min_width = _widest(_texts(column) if column.no_wrap else _words(column))
    narrowest = _total(column.min_width or 0 for column in table.columns)
    whole = _total(_widest(_texts(column)) for column in table.columns)
    table.width = whole if width is None else min(max(width, narrowest), whole)
    out.print(table, crop=False)


def _texts(column: Column) -> Iterable[str]:
    return map(str, (column.header, *column.cells))


def _words(column: Column) -> Iterable[str]:
    return (word for text in _texts(column) for word in text.split())


def _widest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0)


def _total(widths: Iterable[int]) -> int:
    return sum(width + GAP for width in widths) - GAP
