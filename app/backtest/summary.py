"""The result of a report in one sentence, and counts as rates: a thousand alerts are many of ten thousand events."""

from app.backtest.reports import Count, Report, Series, many

PER = 1000  # events
PER_EVENTS = f"per {PER:,} events"
LEAST_SHOWN = 0.01  # alerts per 1,000 events


def rate(alerts: int, events: int) -> float:
    """Return how many alerts there are per 1,000 events; 0 where there are no events."""
    return PER * alerts / events if events else 0.0


def written_rate(alerts: int, events: int) -> str:
    """Write how many alerts there are per 1,000 events; few are never written as none."""
    value = rate(alerts, events)
    if not value:
        return "0"
    return f"under {LEAST_SHOWN}" if value < LEAST_SHOWN else f"{value:.2f}" if value < 1 else f"{value:,.1f}"


def written_share(part: int, whole: int) -> str:
    """Write a part of a whole in percent; few are never written as none, nor nearly all as all."""
    percent = 100 * part / whole if whole else 0.0
    if part and percent < 1:
        return "under 1%"
    return "over 99%" if part < whole and round(percent) == 100 else f"{percent:.0f}%"  # noqa: PLR2004  # of a hundred


def sentence(report: Report) -> str:
    """Say what came of it in one sentence: alerts more and fewer, in all and as a rate, and how many customers."""
    edition, raised = f"Edition {report.edition.edition}", report.series[Series.RAISED].total
    if not report.events:
        return f"{edition} has nothing to judge: no events are stored of these users and this time."
    if report.against is None:
        if not raised.alerts:
            return f"{edition} raises no alert on {many(report.events, 'event')}."
        return f"{edition} raises {many(raised.alerts, 'alert')} ({_rate(report, raised)}), for {_customers(report)}."
    other, against = f"edition {report.against.edition}", report.series[Series.AGAINST].total
    gained, lost = (report.series[each].total.alerts for each in (Series.GAINED, Series.LOST))
    if not raised.alerts and not against.alerts:
        return f"{edition} raises no alert on {many(report.events, 'event')}, as {other} does not."
    if not gained and not lost:
        return (
            f"{edition} raises the same {many(raised.alerts, 'alert')} as {other} "
            f"({_rate(report, raised)}), for {_customers(report)}."
        )
    totals = _either_way(f"{raised.alerts:,}", f"{against.alerts:,}")
    rates = _either_way(*(written_rate(each.alerts, report.events) for each in (raised, against)))
    customers = _either_way(f"{raised.customers:,}", f"{against.customers:,}")
    return (
        f"{edition} raises {_difference(gained, lost, other)}: {totals} ({rates} {PER_EVENTS}), "
        f"for {customers} of {many(report.customers, 'customer')}."
    )


def _either_way(ours: str, theirs: str) -> str:
    return f"{ours} either way" if ours == theirs else f"{ours} instead of {theirs}"


def _difference(gained: int, lost: int, other: str) -> str:
    if not lost:
        return f"{many(gained, 'alert')} more and none fewer than {other}"
    if not gained:
        return f"no alert more and {lost:,} fewer than {other}"
    return f"{many(gained, 'alert')} more and {lost:,} fewer than {other}"


def _rate(report: Report, count: Count) -> str:
    return f"{written_rate(count.alerts, report.events)} {PER_EVENTS}"


def _customers(report: Report) -> str:
    return f"{report.series[Series.RAISED].total.customers:,} of {many(report.customers, 'customer')}"
