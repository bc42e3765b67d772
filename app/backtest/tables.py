"""Reports on the terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.backtest.documents import changes
from app.backtest.domain import format_event, format_players, format_time
from app.backtest.findings import Findings
from app.backtest.reports import Count, Report, Sample, Series, plural
from app.backtest.summary import PER, PER_EVENTS, format_rate, sentence
from app.rules.spans import zones_version
from lib.hints import command
from lib.tables import new_table, print_whole

MAX_SHOWN_PERIODS = 31
NO_TERMINAL = 200  # columns where the output is no terminal
WIDE = 100  # columns: least width with room for the fresh alerts and the rates of two editions
WIDER = 130  # columns: least width with room for the conditions of the rules as well
SHORT_CAPTION = "alerts (players)"
CAPTION = f"{SHORT_CAPTION}; per {PER:,}: alerts {PER_EVENTS}"
RATED = (Series.RAISED, Series.AGAINST)  # the series with a column for the fresh alerts and one for the rate
FRESH = "fresh"  # heading of the alerts whose code the player's event before did not raise
CONDITION = "condition"  # heading of what a rule asks for


def console() -> Console:
    """Return standard output: as wide as the terminal, or wide where there is none."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=NO_TERMINAL)


def heading(report: Report) -> str:
    """Return the title of the report."""
    against = f" against edition {report.against.number}" if report.against else ""
    return f"Edition {report.edition.number}{against}"


def scope_line(report: Report) -> str:
    """Say in one line which events were judged."""
    scope = report.scope
    since = f", from t {scope.since} on" if scope.since else ""
    until = f", before t {scope.until}" if scope.until is not None else ""
    whose = f"{plural(report.players, 'player')} (user ids: {format_players(scope.players)})"
    return f"{plural(report.events, 'event')} of {whose}{since}{until}"


def groups_line(report: Report) -> str:
    """Say in one line which groups of players the rules used; empty if none is for groups."""
    if report.groups is None:
        return ""
    kept, received = plural(report.groups.kept, "event"), plural(report.groups.when_received, "event")
    return f"Groups of players: {kept} by the version they kept, {received} by that in force when they were received"


def print_report(report: Report, out: Console) -> None:
    """Print a report: the result in one sentence, then by code, by period, and samples."""
    out.print(Text(sentence(report), style="bold"))
    out.print(Text(f"{heading(report)}: {scope_line(report)}"))
    if line := groups_line(report):
        out.print(Text(line))
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
            yield [title, sample_table(samples)]


def code_table(report: Report, width: int) -> Table:
    """Return the table of the codes, with the conditions of their rules where there is room."""
    wide, wider = width >= WIDE, width >= WIDER
    terms = [CONDITION] if wider else []
    headings = ("code", "name", *terms, *_columns(report, wide=wide))
    table = new_table(*headings, prose=("name", *terms), left=2 + len(terms))
    for code in report.codes:
        rule = report.rule(code)
        words = [rule.name, rule.condition] if wider else [rule.name]
        table.add_row(str(code), *map(Text, words), *_cells(report, report.by_code(code), report.events, wide=wide))
    cells = _cells(report, report.of_all_codes(), report.events, wide=wide)
    table.add_row("", "all codes", *([""] * len(terms)), *cells, style="bold")
    table.caption = _caption(report, wide=wide)
    return table


def column_names(report: Report) -> list[str]:
    """Return the names of the columns of counts, one for each series."""
    if report.against is None:
        return ["alerts"]
    return [f"ed. {report.edition.number}", f"ed. {report.against.number}", "gained", "lost"]


def _columns(report: Report, *, wide: bool) -> Iterator[str]:
    for name, rated in zip(column_names(report), _rated(report, wide=wide), strict=True):
        yield name
        if rated:
            yield FRESH
            yield f"per {PER:,}"


def _cells(report: Report, counts: Sequence[Count], events: int, *, wide: bool) -> Iterator[str]:
    for count, rated in zip(counts, _rated(report, wide=wide), strict=True):
        yield format_count(count)
        if rated:
            yield f"{count.fresh:,}"
            yield format_rate(count.alerts, events)


def _rated(report: Report, *, wide: bool) -> list[bool]:
    """Say for each series whether there is room for its rate."""
    return [series in RATED and (wide or report.against is None) for series in report.series]


def _caption(report: Report, *, wide: bool) -> str:
    return CAPTION if any(_rated(report, wide=wide)) else SHORT_CAPTION


def period_table(report: Report, width: int) -> Table:
    """Return the table of the last periods, all codes together."""
    wide = width >= WIDE
    table = new_table("period (UTC)", "events", *_columns(report, wide=wide), left=1)
    periods = report.periods[-MAX_SHOWN_PERIODS:]
    for period in periods:
        events = report.events_by_period[period]
        cells = _cells(report, report.by_period(period), events, wide=wide)
        table.add_row(report.calendar.name(period), f"{events:,}", *cells)
    table.caption = _caption(report, wide=wide)
    return table


def _left_out(report: Report) -> Iterator[Text]:
    count = len(report.periods)
    if count > MAX_SHOWN_PERIODS:
        yield Text(f"the last {MAX_SHOWN_PERIODS} of {count}; --json and --html have all of them", style="dim italic")


def format_count(count: Count) -> str:
    """Write the alerts of a count, and its players in brackets."""
    return f"{count.alerts:,} ({count.players:,})"


def sample_table(samples: Sequence[Sample]) -> Table:
    """Return the table of a few alerts."""
    table = new_table("player", "t", "time", "why", prose=("why",), show_header=False)
    for each in samples:
        time = format_time(each.event.t)
        table.add_row(f"  player {each.user_id}", format_event(each.event), time and f"{time} UTC", Text(each.sentence))
    return table


def print_findings(findings: Findings, out: Console) -> None:
    """Print what a verification found."""
    table = new_table("edition", "events", "agree", "in the shadow", "agree", left=0)
    for edition in sorted(findings.events.keys() | findings.shadowed.keys()):
        counts = (findings.events, findings.agreeing, findings.shadowed, findings.shadowed_agreeing)
        table.add_row(str(edition), *(f"{each[edition]:,}" for each in counts))
    print_whole(table, out, width=out.width)
    if findings.without_evidence:
        out.print(
            f"{plural(findings.without_evidence, 'event')} with codes from before alerts were stored: no evidence."
        )
    for edition, version in sorted(findings.time_zones.items()):
        out.print(
            f"Edition {edition} was drafted with the time zones of {version}; here are those of {zones_version()}, "
            "so its days, weeks and months may begin elsewhere."
        )
    for what in open_steps(findings):
        out.print(Text(what), soft_wrap=True)
    for each in findings.differences:
        out.print(Text(f"player {each.user_id}, {format_event(each.event)}: {each.what}"), soft_wrap=True)
    _print_rest(findings.different - len(findings.differences), out)
    for loss in findings.losses:
        out.print(Text(f"player {loss.user_id}: {loss.what}" if loss.user_id else loss.what), soft_wrap=True)
    _print_rest(findings.lost - len(findings.losses), out)
    out.print(Text(verdict(findings), style="bold"))


def _print_rest(count: int, out: Console) -> None:
    if count:
        out.print(f"… and {count:,} more.")


def open_steps(findings: Findings) -> Iterator[str]:
    """Say what is not counted or sealed yet, with the command that does it, and which seal to keep elsewhere."""
    if findings.not_counted:
        yield (
            f"{plural(findings.not_counted, 'event')} not counted: they are of a release that gave events no number, "
            f"and deletions among them cannot be found. When that release no longer runs: {command('rules count')}"
        )
    if findings.not_sealed:
        yield f"{plural(findings.not_sealed, 'event')} not sealed yet: {command('rules seal')}"
    if findings.latest_seal:
        yield f"The last seal is {findings.latest_seal}"


def verdict(findings: Findings) -> str:
    """Say in one line whether everything agrees."""
    said = []
    if findings.different:
        differ = "differs" if findings.different == 1 else "differ"
        said.append(f"{findings.different:,} {differ}: what is stored is not what these rules raise.")
    if findings.lost:
        said.append(f"{plural(findings.lost, 'finding')}: what is stored is not all that was counted and sealed.")
    if said:
        return " ".join(said)
    events = findings.events.total()
    return "The only event agrees." if events == 1 else f"All {events:,} events agree."
