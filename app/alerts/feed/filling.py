"""Noting what was stored before there was an outbox: the first worker does so between its looks, oldest `t` first."""

from collections.abc import Sequence

from app.rules.limits import INTEGER_MAX
from lib.statements import BY_INDEX, Statement
from lib.transactions import Transaction

CHUNK = 2_000  # rows that are read at once; few enough that what happens now is numbered meanwhile
ALERTS, REVISIONS, DONE = range(3)  # the stages

STAGE = Statement("stage_of_filling", (), "SELECT stage FROM feed_head WHERE id = 1")
LOCK = Statement("lock_filling", (), "SELECT stage, user_id, t, n FROM feed_head WHERE id = 1 FOR UPDATE SKIP LOCKED")
NOTE_QUIETLY = """
    INSERT INTO outbox (user_id, t, n, kind, no, quiet) {rows}
    ON CONFLICT DO NOTHING"""
# Where the next rows end; a place is noted once, with all its alerts or revisions, however many it has.
END_OF_ALERTS = Statement(
    "end_of_alerts_of_before",
    ("bigint", "bigint", "integer", "integer", "integer"),
    """
    SELECT user_id, t, n FROM (
        SELECT t, user_id, n FROM alert WHERE code > 0 AND NOT shadow AND (t, user_id, n, code) > ($1, $2, $3, $4)
        ORDER BY t, user_id, n, code LIMIT $5
    ) AS stored ORDER BY t DESC, user_id DESC, n DESC LIMIT 1
    """,
)
END_OF_REVISIONS = Statement(
    "end_of_revisions_of_before",
    ("bigint", "bigint", "integer", "integer", "integer"),
    """
    SELECT user_id, t, n FROM (
        SELECT user_id, t, n FROM revision WHERE (user_id, t, n, no) > ($2, $1, $3, $4)
        ORDER BY user_id, t, n, no LIMIT $5
    ) AS stored ORDER BY user_id DESC, t DESC, n DESC LIMIT 1
    """,
)
BETWEEN_PLACES = ("bigint", "bigint", "integer", "bigint", "bigint", "integer", "integer")
# What the feed has is noted again without effect.
NOTE_ALERTS = Statement(
    "note_alerts_of_before",
    BETWEEN_PLACES,
    NOTE_QUIETLY.format(
        rows="""
    SELECT user_id, t, n, 'raised', 0, true FROM alert WHERE code > 0 AND NOT shadow
        AND (t, user_id, n, code) > ($1, $2, $3, $7) AND (t, user_id, n, code) <= ($4, $5, $6, $7)
    GROUP BY t, user_id, n ORDER BY t, user_id, n"""
    ),
)
# Whether an array contains another tells whether a revision added codes, or took some away.
NOTE_REVISIONS = Statement(
    "note_revisions_of_before",
    BETWEEN_PLACES,
    NOTE_QUIETLY.format(
        rows="""
    SELECT user_id, t, n, kind, no, true FROM revision
    CROSS JOIN unnest('{found-late,retracted}'::alert_kind[]) AS kind
    WHERE (user_id, t, n, no) > ($2, $1, $3, $7) AND (user_id, t, n, no) <= ($5, $4, $6, $7)
        AND NOT CASE kind WHEN 'found-late' THEN codes_after <@ codes_before ELSE codes_before <@ codes_after END
    ORDER BY user_id, t, n, no, kind"""
    ),
)
OF_STAGE = {ALERTS: (END_OF_ALERTS, NOTE_ALERTS), REVISIONS: (END_OF_REVISIONS, NOTE_REVISIONS)}
MOVE = Statement(
    "move_filling",
    ("integer", "bigint", "bigint", "integer"),
    "UPDATE feed_head SET stage = $1, user_id = $2, t = $3, n = $4 WHERE id = 1",
)
BEGINNING = (0, -1, 0)  # player, `t` and `n`: before all alerts


class Filling:
    """Fills the outbox with what was stored before, in one transaction a chunk."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def is_done(self) -> bool:
        """Tell whether all has been noted."""
        [(stage,)] = self._transaction.fetch(STAGE)
        return bool(stage == DONE)

    def note_next(self) -> bool:
        """Note the next chunk; False if another worker is at it, or all has been noted."""
        self._transaction.write(BY_INDEX)
        rows = self._transaction.fetch(LOCK)
        if not rows or rows[0][0] == DONE:
            return False
        stage, user_id, t, n = rows[0]
        end, note = OF_STAGE[stage]
        last = self._transaction.fetch(end, t, user_id, n, INTEGER_MAX, CHUNK)
        if last:
            [(last_user, last_t, last_n)] = last
            self._transaction.write(note, t, user_id, n, last_t, last_user, last_n, INTEGER_MAX)
        self._transaction.write(MOVE, *_next(stage, last))
        return True

    def begin_again(self) -> None:
        """Have all that is stored noted again, after a release without an outbox has served."""
        self._transaction.write(MOVE, ALERTS, *BEGINNING)


def _next(stage: int, last: Sequence[tuple[int, int, int]]) -> tuple[int, int, int, int]:
    return (stage, *last[0]) if last else (stage + 1, *BEGINNING)
