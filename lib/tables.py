"""Tables on standard output in which nothing is cut, however narrow the terminal: what is read there gets typed again.

Rich shortens a word that finds no room to "aa0123…". Here a column is either kept whole, or is prose, which goes on in
the next line between two words. Where even that finds no room, the rows are longer than the terminal's lines: it breaks
them by itself, and still copies them whole.
"""

from collections.abc import Collection, Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

GAP = 2  # columns of the terminal between two of a table


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, prose: Collection[str] = ()) -> None:
    """Print a table; `prose` are the headings of columns that may go on in the next line.

    Where nobody looks at a terminal, each row is one line.
    """
    table = new_table(*headings, prose=prose)
    for row in rows:
        table.add_row(*map(Text, row))  # as text: what people call themselves is no markup
    out = Console(highlight=False)
    print_whole(table, out, width=out.width if out.is_terminal else None)


def new_table(*headings: str, prose: Collection[str] = (), left: int | None = None, show_header: bool = True) -> Table:
    """Make a table for `print_whole`; from column `left` on it is aligned to the right."""
    table = Table(
        box=None, pad_edge=False, show_header=show_header, header_style="bold", caption_justify="left", highlight=False
    )
    for place, heading in enumerate(headings):
        right = left is not None and place >= left
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading not in prose)
    return table


def print_whole(table: Table, out: Console, *, width: int | None) -> None:
    """Print a table of `new_table` in a terminal of so many columns; None: in as many as there are in its rows."""
    for column, fitting in zip(table.columns, _widths(table, width), strict=True):
        column.width = fitting
    found = out.width
    out.width = max(found, _total([column.width or 0 for column in table.columns]))
    try:
        out.print(table)
    finally:
        out.width = found


def _widths(table: Table, width: int | None) -> list[int]:
    """Give every column what it needs to be whole, and prose that finds no room a share of what is left."""
    whole = [max(map(cell_len, _texts(column)), default=0) for column in table.columns]
    if width is None or _total(whole) <= width:
        return whole
    least = [
        each if column.no_wrap else _longest_word(column) for column, each in zip(table.columns, whole, strict=True)
    ]
    return _shared(width - _total(least), least, whole)


def _shared(room: int, widths: list[int], whole: list[int]) -> list[int]:
    """Add the room to those that want it, as evenly as can be."""
    wanting = [place for place, width in enumerate(widths) if width < whole[place]]
    while room > 0 and wanting:
        share = max(room // len(wanting), 1)
        for place in wanting[:room]:
            more = min(share, whole[place] - widths[place])
            widths[place] += more
            room -= more
        wanting = [place for place in wanting if widths[place] < whole[place]]
    return widths


def _longest_word(column: Column) -> int:
    return max((cell_len(word) for text in _texts(column) for word in text.split()), default=0)


def _texts(column: Column) -> Iterable[str]:
    return map(str, (column.header, *column.cells))


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)
