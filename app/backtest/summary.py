"""The result of a report in one sentence; and counts as rates, since 1,000 alerts are many among 10,000 events only."""

from app.backtest.reports import Count, Report, Series, plural

PER = 1000  # events
PER_EVENTS = f"per {PER:,} events"
MIN_SHOWN = 0.01  # alerts per 1,000 events


def rate(alerts: int, events: int) -> float:
    """Return the number of alerts per 1,000 events; 0 where there are no events."""
    return PER * alerts / events if events else 0.0


def format_rate(alerts: int, events: int) -> str:
    """Write the number of alerts per 1,000 events; a few are never written as none."""
    value = rate(alerts, events)
    if not value:
        return "0"
    return f"under {MIN_SHOWN}" if value < MIN_SHOWN else f"{value:.2f}" if value < 1 else f"{value:,.1f}"


def rate_per_events(alerts: int, events: int) -> str:
    """Write the rate with its unit."""
    return f"{format_rate(alerts, events)} {PER_EVENTS}"


def format_share(part: int, whole: int) -> str:
    """Write a part of a whole in percent; a few are never written as none, nor nearly all as all."""
    percent = 100 * part / whole if whole else 0.0
    if part and percent < 1:
        return "under 1%"
    return "over 99%" if part < whole and round(percent) == 100 else f"{percent:.0f}%"  # noqa: PLR2004  # of a hundred


def sentence(report: Report) -> str:
    """Say in one sentence how many alerts more and fewer there are, in all and as a rate, and for how many players."""
    edition, raised = f"Edition {report.edition.number}", report.series[Series.RAISED].total
    if not report.events:
        return f"{edition} has nothing to judge: no events of these players and this time are stored."
    if report.against is None:
        if not raised.alerts:
            return f"{edition} raises no alert on {plural(report.events, 'event')}."
        alerts, rate_of_all = plural(raised.alerts, "alert"), rate_per_events(raised.alerts, report.events)
        return f"{edition} raises {alerts}, {_fresh(raised)} ({rate_of_all}), for {_players(report)}."
    other, against = f"edition {report.against.number}", report.series[Series.AGAINST].total
    gained, lost = (report.series[each].total.alerts for each in (Series.GAINED, Series.LOST))
    if not raised.alerts and not against.alerts:
        return f"{edition} raises no alert on {plural(report.events, 'event')}, and neither does {other}."
    if not gained and not lost:
        return (
            f"{edition} raises the same {plural(raised.alerts, 'alert')} as {other}, {_fresh(raised)} "
            f"({rate_per_events(raised.alerts, report.events)}), for {_players(report)}."
        )
    totals = compared(f"{raised.alerts:,}", f"{against.alerts:,}")
    fresh = compared(f"{raised.fresh:,}", f"{against.fresh:,}")
    rates = compared(*(format_rate(each.alerts, report.events) for each in (raised, against)))
    players = compared(f"{raised.players:,}", f"{against.players:,}")
    return (
        f"{edition} raises {difference(gained, lost, other)}: {totals}, fresh {fresh} ({rates} {PER_EVENTS}), "
        f"for {players} of {plural(report.players, 'player')}."
    )


def _fresh(count: Count) -> str:
    return "all fresh" if count.fresh == count.alerts else f"{count.fresh:,} fresh"


def compared(ours: str, theirs: str) -> str:
    """Write two counts beside each other."""
    return f"{ours} either way" if ours == theirs else f"{ours} instead of {theirs}"


def difference(gained: int, lost: int, other: str) -> str:
    """Say how many alerts more and fewer there are than of the other."""
    if not lost:
        return f"{plural(gained, 'alert')} more and none fewer than {other}"
    if not gained:
        return f"no alert more and {lost:,} fewer than {other}"
    return f"{plural(gained, 'alert')} more and {lost:,} fewer than {other}"


def _players(report: Report) -> str:
    return f"{report.series[Series.RAISED].total.players:,} of {plural(report.players, 'player')}"
