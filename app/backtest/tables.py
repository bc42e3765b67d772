"""Reports on the terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.backtest.documents import changes
from app.backtest.domain import time_of, written_users
from app.backtest.findings import Findings
from app.backtest.reports import Count, Report, Sample, Series, many
from app.backtest.summary import PER, PER_EVENTS, sentence, written_rate
from lib.hints import command
from lib.tables import new_table, print_whole

MOST_PERIODS = 31  # that a terminal is bothered with
WIDEST = 200  # columns where nobody looks at a terminal
WIDE = 100  # columns from which on there is room for rates of two editions
WIDER = 130  # and for what a rule says
IN_BRACKETS = "alerts (customers)"
RATED = (Series.RAISED, Series.AGAINST)


def console() -> Console:
    """Return standard output: as wide as the terminal, or wide enough where there is none."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=WIDEST)


def heading(report: Report) -> str:
    """Name the report."""
    against = f" against edition {report.against.edition}" if report.against else ""
    return f"Edition {report.edition.edition}{against}"


def judged(report: Report) -> str:
    """Say in a line what was judged."""
    scope = report.scope
    since = f", from t {scope.since} on" if scope.since else ""
    until = f", before t {scope.until}" if scope.until is not None else ""
    whose = f"{many(report.customers, 'customer')} (users: {written_users(scope.users)})"
    return f"{many(report.events, 'event')} of {whose}{since}{until}"


def show(report: Report, out: Console) -> None:
    """Print a report: what came of it in a sentence, then by code, by period, and samples."""
    out.print(Text(sentence(report), style="bold"))
    out.print(Text(f"{heading(report)}: {judged(report)}"))
    for change in changes(report.edition, report.against):
        out.print(Text(f"  {change}"))
    for part in _parts(report, out.width):
        out.print()
        for each in part:
            if isinstance(each, Table):
                print_whole(each, out, width=out.width)
            else:
                out.print(each)


def _parts(report: Report, width: int) -> Iterator[Sequence[Table | Text]]:
    yield [code_table(report, width)]
    if report.periods:
        yield [period_table(report, width), *_left_out(report)]
    for series in (Series.GAINED, Series.LOST) if report.against else (Series.RAISED,):
        for code, samples in report.series[series].samples.items():
            title = Text(f"{code} {report.rule(code).name}: {series}, samples", style="bold")
            yield [title, _sample_table(samples)]


def code_table(report: Report, width: int) -> Table:
    """Make the table of the codes, with the terms of their rules where there is room."""
    wide, wider = width >= WIDE, width >= WIDER
    terms = ["the user meets it when"] if wider else []
    headings = ("code", "name", *terms, *_columns(report, wide=wide))
    table = new_table(*headings, prose=("name", *terms), left=2 + len(terms))
    for code in report.codes:
        rule = report.rule(code)
        told = [rule.name, rule.terms] if wider else [rule.name]
        table.add_row(str(code), *map(Text, told), *_cells(report, report.by_code(code), report.events, wide=wide))
    cells = _cells(report, report.of_all_codes(), report.events, wide=wide)
    table.add_row("", "all codes", *([""] * len(terms)), *cells, style="bold")
    table.caption = _caption(report, wide=wide)
    return table


def columns(report: Report) -> list[str]:
    """Name the columns of counts, one for each series."""
    if report.against is None:
        return ["alerts"]
    return [f"ed. {report.edition.edition}", f"ed. {report.against.edition}", "gained", "lost"]


def _columns(report: Report, *, wide: bool) -> Iterator[str]:
    for name, rated in zip(columns(report), _rated(report, wide=wide), strict=True):
        yield name
        if rated:
            yield f"per {PER:,}"


def _cells(report: Report, counts: Sequence[Count], events: int, *, wide: bool) -> Iterator[str]:
    for count, rated in zip(counts, _rated(report, wide=wide), strict=True):
        yield counted(count)
        if rated:
            yield written_rate(count.alerts, events)


def _rated(report: Report, *, wide: bool) -> list[bool]:
    """Tell of which series there is room for the rate."""
    return [series in RATED and (wide or report.against is None) for series in report.series]


def _caption(report: Report, *, wide: bool) -> str:
    return f"{IN_BRACKETS}; per {PER:,}: alerts {PER_EVENTS}" if any(_rated(report, wide=wide)) else IN_BRACKETS


def period_table(report: Report, width: int) -> Table:
    """Make the table of the last periods, all codes together."""
    wide = width >= WIDE
    table = new_table("period (UTC)", "events", *_columns(report, wide=wide), left=1)
    periods = report.periods[-MOST_PERIODS:]
    for period in periods:
        events = report.events_by_period[period]
        cells = _cells(report, report.by_period(period), events, wide=wide)
        table.add_row(report.calendar.name(period), f"{events:,}", *cells)
    table.caption = _caption(report, wide=wide)
    return table


def _left_out(report: Report) -> Iterator[Text]:
    count = len(report.periods)
    if count > MOST_PERIODS:
        yield Text(f"the last {MOST_PERIODS} of {count}; --json and --html have all of them", style="dim italic")


def counted(count: Count) -> str:
    """Write a count: its alerts, and in brackets its customers."""
    return f"{count.alerts:,} ({count.customers:,})"


def _sample_table(samples: Sequence[Sample]) -> Table:
    table = new_table("user", "t", "time", "why", prose=("why",), show_header=False)
    for each in samples:
        time = time_of(each.t)
        table.add_row(f"  user {each.user_id}", f"t {each.t}", time and f"{time} UTC", Text(each.sentence))
    return table


def show_findings(findings: Findings, out: Console) -> None:
    """Print what a verification found."""
    table = new_table("edition", "events", "agree", "in the shadow", "agree", left=0)
    for edition in sorted(findings.events.keys() | findings.shadowed.keys()):
        counts = (findings.events, findings.agreeing, findings.shadowed, findings.shadowed_agreeing)
        table.add_row(str(edition), *(f"{each[edition]:,}" for each in counts))
    print_whole(table, out, width=out.width)
    if findings.of_old:
        out.print(f"{many(findings.of_old, 'event')} with codes from before alerts were kept: no evidence of them.")
    for what in to_be_done(findings):
        out.print(Text(what), soft_wrap=True)
    for each in findings.differences:
        out.print(Text(f"user {each.user_id}, t {each.t}: {each.what}"), soft_wrap=True)
    _print_rest(findings.different - len(findings.differences), out)
    for loss in findings.losses:
        out.print(Text(f"user {loss.user_id}: {loss.what}" if loss.user_id else loss.what), soft_wrap=True)
    _print_rest(findings.lost - len(findings.losses), out)
    out.print(Text(verdict(findings), style="bold"))


def _print_rest(count: int, out: Console) -> None:
    if count:
        out.print(f"… and {count:,} more.")


def to_be_done(findings: Findings) -> Iterator[str]:
    """Say what cannot be told yet, and by which command it can be; and which seal is to be kept elsewhere."""
    if findings.not_counted:
        told = (
            "of a release that gave them no number: whether any is gone cannot be told. When none of its processes runs"
        )
        yield f"{many(findings.not_counted, 'event')} not counted, {told}: {command('rules count')}"
    if findings.not_sealed:
        yield f"{many(findings.not_sealed, 'event')} not sealed yet: {command('rules seal')}"
    if findings.latest_seal:
        yield f"The last seal is {findings.latest_seal}"


def verdict(findings: Findings) -> str:
    """Say in a line whether all agrees."""
    said = []
    if findings.different:
        differ = "differs" if findings.different == 1 else "differ"
        said.append(f"{findings.different:,} {differ}: what is stored is not what these rules raise.")
    if findings.lost:
        said.append(f"{many(findings.lost, 'finding')}: what is stored is not all that was counted and sealed.")
    if said:
        return " ".join(said)
    events = findings.events.total()
    return "The only event agrees." if events == 1 else f"All {events:,} events agree."
