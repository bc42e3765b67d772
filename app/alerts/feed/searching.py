"""Finds entries of the feed by when they were numbered, without an index that every entry would have to pay for.

Numbers and times rise together, but for transactions that began in another order than they numbered. So the place of a
time is searched by halving, and a little around it is looked through.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from app.alerts.domain import Kind
from app.alerts.feed.domain import Note, Numbered
from app.alerts.feed.queries import ALERTS_AT, LAST
from lib.statements import BY_INDEX, Statement, array_literal
from lib.transactions import Transaction

AROUND = timedelta(minutes=1)  # many times what a numbering transaction takes
NUMBERED_AT = Statement("numbered_at", ("bigint",), "SELECT at FROM alert_feed WHERE number = $1")
BETWEEN = Statement(
    "entries_between",
    ("bigint", "bigint", "timestamptz", "timestamptz", "integer[]", "integer"),
    f"""
    SELECT feed.number, feed.user_id, feed.t, feed.n, feed.kind, feed.no, feed.code, feed.edition, ({
        ALERTS_AT.format(columns="fresh", of="feed", least="feed.code", greatest="feed.code", most=1)
    })
    FROM (
        SELECT * FROM alert_feed
        WHERE number >= $1 AND number < $2 AND at >= $3 AND at < $4 AND (cardinality($5) = 0 OR code = ANY ($5))
        ORDER BY number LIMIT $6
    ) AS feed
    ORDER BY feed.number
    """,  # noqa: S608  # ours
)


class TooFarApart(Exception):
    """More entries lie between two times than may be looked through."""


class FeedSearch:
    """Searches the feed within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def between(
        self, since: datetime, until: datetime, codes: Collection[int], *, most: int, through: int
    ) -> list[Numbered]:
        """Return at most `most` entries numbered from `since` until before `until`; of any code if none is given.

        Raises `TooFarApart` if more than `through` would have to be looked through.
        """
        self._transaction.write(BY_INDEX)
        first, end = self._place(since, -AROUND), self._place(until, AROUND)
        if end - first > through:
            raise TooFarApart
        moments = since.isoformat(), until.isoformat()
        rows = self._transaction.fetch(BETWEEN, first, end, *moments, array_literal(codes), most)
        return [_numbered(*row) for row in rows]

    def _place(self, moment: datetime, margin: timedelta) -> int:
        """Return the number of the first entry at this moment or later, by halving; without one, the next number."""
        moment = _moved(moment, margin)
        [(last,)] = self._transaction.fetch(LAST)
        first, end = 1, last + 1
        while first < end:
            middle = (first + end) // 2
            [(at,)] = self._transaction.fetch(NUMBERED_AT, middle)
            first, end = (middle + 1, end) if at < moment else (first, middle)
        return int(first)


def _moved(moment: datetime, margin: timedelta) -> datetime:
    try:
        return moment + margin
    except OverflowError:  # at the end of all times, where no margin is needed
        return moment


def _numbered(  # noqa: PLR0913, PLR0917  # the columns of an entry
    number: int,
    user_id: int,
    t: int,
    n: int,
    kind: str,
    no: int,
    code: int,
    edition: int,
    fresh: bool | None,  # noqa: FBT001
) -> Numbered:
    note = Note(id=0, user_id=user_id, t=t, n=n, kind=Kind(kind), no=no)
    return Numbered(number=number, note=note, code=code, edition=edition, fresh=fresh)
