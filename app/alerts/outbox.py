"""The outbox: what is raised or becomes known is noted in the transaction that stores it, for the worker to pass on.

A note names an event and a revision of it, and has no payload (A63). Its insert waits for nobody, and adds no
round trip.
"""

from collections.abc import Iterable, Sequence

from app.alerts.domain import Kind
from lib.statements import Statement, array_literal
from lib.transactions import Transaction

Place = tuple[int, int, int]  # a player, and `t` and `n` of an event

# An event must never fail for the sake of a note: one that is left from a removed player tells of this one as well.
NOTE = "INSERT INTO outbox (user_id, t, n, kind, no) {row} ON CONFLICT DO NOTHING"
NOTE_RAISED = Statement(
    "note_raised", ("bigint", "bigint", "integer"), NOTE.format(row="VALUES ($1, $2, $3, 'raised', 0)")
)
NOTE_MANY = Statement(
    "note_many_raised",
    ("bigint[]", "bigint[]", "integer[]"),
    NOTE.format(row="SELECT user_id, t, n, 'raised', 0 FROM unnest($1, $2, $3) AS raised (user_id, t, n)"),
)
NOTE_REVISED = Statement(
    "note_revised",
    ("bigint", "bigint", "integer", "alert_kind", "integer"),
    NOTE.format(row="VALUES ($1, $2, $3, $4, $5)"),
)
# The same write, but of no rows: it still needs the table's lock and the right to write each column.
TRY_NOTE = Statement("try_note", (), NOTE.format(row="SELECT 1, 0, 0, 'raised'::alert_kind, 0 WHERE false"))


class Outbox:
    """The outbox within one transaction, which commits what it notes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def try_to_note(self) -> None:
        """Check that something could be noted, as far as that shows without it."""
        self._transaction.write(TRY_NOTE)

    def note_raised(self, place: Place) -> None:
        """Note that the answer to an event has codes."""
        self._transaction.write(NOTE_RAISED, *place)

    def note_many_raised(self, places: Sequence[Place]) -> None:
        """Note that the answers to these events have codes, in one statement."""
        if places:
            self._transaction.write(NOTE_MANY, *map(array_literal, zip(*places, strict=True)))

    def note_revised(self, place: Place, no: int, before: Iterable[int], after: Iterable[int]) -> None:
        """Note which codes the revision `no` of an event changes, by those `before` and `after` it."""
        held, holds = set(before), set(after)
        for kind, codes in ((Kind.FOUND_LATE, holds - held), (Kind.RETRACTED, held - holds)):
            if codes:
                self._transaction.write(NOTE_REVISED, *place, kind.value, no)
