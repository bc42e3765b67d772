"""A comparison on the terminal."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.backtest.comparing.domain import Comparison, Side, Stretch
from app.backtest.comparing.summary import changes, name_live, sentence
from app.backtest.reports import Count, plural
from app.backtest.tables import MAX_SHOWN_PERIODS, SHORT_CAPTION, format_count, sample_table
from lib.commands import minute
from lib.tables import new_table, print_whole

SAMPLED = (Side.GAINED, Side.LOST)


def print_comparison(comparison: Comparison, out: Console) -> None:
    """Print a comparison: the result in one sentence, then by code, by period, by player, and samples."""
    out.print(Text(sentence(comparison), style="bold"))
    for line in _lines(comparison):
        out.print(Text(line))
    for part in _parts(comparison):
        out.print()
        for each in part:
            if isinstance(each, Table):
                print_whole(each, out, width=out.width)
            else:
                out.print(each)


def _lines(comparison: Comparison) -> Iterator[str]:
    subject = comparison.subject
    yield f"Edition {subject.shadow.number} against {name_live(subject)}, by their first answers"
    yield from map(_stretch, subject.stretches)
    yield from (f"  {change}" for change in changes(subject))


def _stretch(stretch: Stretch) -> str:
    until = f"until {minute(stretch.ended_at)} UTC" if stretch.ended_at else "until now"
    beside = ", ".join(map(str, stretch.live)) or "none"
    return f"  in the shadow from {minute(stretch.began_at)} UTC {until}; live: {beside}"


def _parts(comparison: Comparison) -> Iterator[Sequence[Table | Text]]:
    yield [code_table(comparison)]
    if comparison.periods:
        yield [period_table(comparison), *_left_out(comparison)]
    if comparison.players:
        yield [player_table(comparison), Text(_how_many(comparison), style="dim italic")]
    for side in SAMPLED:
        for code in comparison.codes:
            if code.samples[side]:
                title = Text(f"{code.code} {code.name}: {side}, samples", style="bold")
                yield [title, sample_table(code.samples[side])]


def code_table(comparison: Comparison) -> Table:
    """Return the table of the codes."""
    table = new_table("code", "name", *Side, prose=("name",), left=2)
    for code in comparison.codes:
        table.add_row(str(code.code), Text(code.name), *_cells(code.sides))
    table.add_row("", "all codes", *_cells(comparison.all_codes), style="bold")
    table.caption = SHORT_CAPTION
    return table


def period_table(comparison: Comparison) -> Table:
    """Return the table of the last periods, all codes together."""
    table = new_table("period (UTC)", *Side, left=1)
    for period in comparison.periods[-MAX_SHOWN_PERIODS:]:
        table.add_row(period.name, *_cells(period.sides))
    table.caption = SHORT_CAPTION
    return table


def player_table(comparison: Comparison) -> Table:
    """Return the table of the players who differ most."""
    table = new_table("player", *Side, left=1)
    for each in comparison.players:
        counts = (each.live, each.shadow, each.common, each.gained, each.lost)
        table.add_row(str(each.user_id), *(f"{count:,}" for count in counts))
    return table


def _cells(sides: Mapping[Side, Count]) -> Iterator[str]:
    return (format_count(sides[side]) for side in Side)


def _left_out(comparison: Comparison) -> Iterator[Text]:
    count = len(comparison.periods)
    if count > MAX_SHOWN_PERIODS:
        yield Text(f"the last {MAX_SHOWN_PERIODS} of {count}; --json has all of them", style="dim italic")


def _how_many(comparison: Comparison) -> str:
    differing = plural(comparison.differing_players, "player")
    return f"those who differ most, of {differing} with gained or lost alerts"
