"""The result of a comparison in words."""

from app.backtest.comparing.domain import Comparison, Side, Subject
from app.backtest.reports import plural
from app.backtest.summary import compared, difference
from app.rulebook.differences import differences


def sentence(comparison: Comparison) -> str:
    """Say in one sentence how many alerts more and fewer the shadow raised, and for how many players."""
    subject, totals = comparison.subject, comparison.all_codes
    edition, other = f"Edition {subject.shadow.number} in the shadow", name_live(subject)
    live, shadow = totals[Side.LIVE], totals[Side.SHADOW]
    gained, lost = totals[Side.GAINED].alerts, totals[Side.LOST].alerts
    if not live.alerts and not shadow.alerts:
        return f"{edition} raised no alert, and neither did {other}."
    if not gained and not lost:
        return f"{edition} raised the same {plural(shadow.alerts, 'alert')} as {other}."
    alerts = compared(f"{shadow.alerts:,}", f"{live.alerts:,}")
    players = compared(f"{shadow.players:,}", f"{live.players:,}")
    return f"{edition} raised {difference(gained, lost, other)}: {alerts}; players with alerts: {players}."


def name_live(subject: Subject) -> str:
    """Name the live editions that stood beside it."""
    numbers = ", ".join(map(str, subject.live_numbers))
    return f"the live edition{'' if len(subject.live) == 1 else 's'} {numbers}".rstrip()


def changes(subject: Subject) -> list[str]:
    """Describe how the edition differs from the last live one beside it; nothing where either cannot be read."""
    last = next(reversed(subject.live), None)
    if last is None or not (last.rules and subject.shadow.rules):
        return []
    return differences(list(last.rules.values()), list(subject.shadow.rules.values()))
