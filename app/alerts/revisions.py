"""What events raise now that something earlier is known: the queries on the table `revision` (A51, A52)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.alerts.domain import Evidence
from app.alerts.queries import AlertQueries, format_evidence, written
from app.rules.event import EventRef
from lib.statements import Statement
from lib.transactions import Transaction

ADD = Statement(
    "add_revision",
    ("bigint", "bigint", "integer", "integer", "integer[]", "integer[]", "integer", "jsonb", "bigint"),
    """
    INSERT INTO revision (user_id, t, n, no, codes_before, codes_after, edition, found, cause)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The codes that an event raised as far as was known before, and those that it raises now.

    `no` counts the revisions of the event; `found` has the evidence of each code that it raises only now; `cause` is
    the arrival number of what became known.
    """

    user_id: int
    event: EventRef
    no: int
    edition: int
    codes_before: tuple[int, ...]
    codes_after: tuple[int, ...]
    found: Mapping[int, Evidence]
    cause: int


def store(current: Transaction, revisions: Iterable[Revision]) -> None:
    """Store revisions, and an alert for each code that was found late, unless the event has one already."""
    alerts = AlertQueries(current)
    for each in revisions:
        found = {code: format_evidence(evidence, each.event.event_id) for code, evidence in each.found.items()}
        place = each.user_id, each.event.t, each.event.n
        codes = list(each.codes_before), list(each.codes_after)
        current.write(ADD, *place, each.no, *codes, each.edition, written(found), each.cause)
        for code, evidence in found.items():
            alerts.keep_found(place, code, each.edition, written(evidence))
