"""When an edition was in the shadow, and of which live editions, from the audit of the rule book (A60)."""

from collections.abc import Iterable, Iterator

from app.backtest.comparing.domain import Stretch
from app.rulebook.domain import AuditEntry, Step

ENDS = frozenset({Step.DISPLACED, Step.PUBLISHED, Step.RETIRED, Step.SHED})  # each ends the time in the shadow


def stretches_of(audit: Iterable[AuditEntry], edition: int) -> Iterator[Stretch]:
    """Yield the times that an edition spent in the shadow.

    `audit` has its steps and the publications of all editions, oldest first.
    """
    live: int | None = None
    began: AuditEntry | None = None
    beside: list[int] = []
    for each in audit:
        if began and each.edition == edition and each.step in ENDS:
            yield Stretch(began_at=began.at, ended_at=each.at, live=tuple(dict.fromkeys(beside)))
            began = None
        if each.step is Step.PUBLISHED:
            live = each.edition
            beside.append(live)
        if each.edition == edition and each.step is Step.SHADOWED:
            began, beside = each, [] if live is None else [live]
    if began:
        yield Stretch(began_at=began.at, ended_at=None, live=tuple(dict.fromkeys(beside)))
