"""The queries of alerts that are attached to cases, of mutes, and of how far the feed is read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, cast, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH

from app.cases.arrivals import Arrival, Mute, MuteEnd
from app.cases.models import CaseAlertRow as Attached
from app.cases.models import CaseMuteRow as Muted
from app.cases.requests import CaseAlert
from app.rulebook.models import RuleBookRow as Book
from lib.statements import Statement, array_literal
from lib.transactions import Transaction

MAX_ALERTS = 200  # of a case, on its page
Key = tuple[int, int, int, int]  # player, `t` and `n` of the event, code

PATIENT = Statement(
    "patience_with_cases",
    ("text", "text"),
    "SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)",
)
HEAD = Statement("case_head", (), "SELECT number FROM case_head WHERE id = 1 FOR UPDATE SKIP LOCKED")
MOVE_HEAD = Statement("move_case_head", ("bigint",), "UPDATE case_head SET number = $1 WHERE id = 1")
STATE = Statement(
    "state_of_case_head",
    (),
    """
    SELECT feed_head.number - case_head.number, (
        SELECT extract(epoch FROM clock_timestamp() - at)::float FROM alert_feed
        WHERE number > case_head.number ORDER BY number LIMIT 1
    ), case_head.number, began, began_at
    FROM case_head CROSS JOIN feed_head WHERE case_head.id = 1 AND feed_head.id = 1
    """,
)
KEYS = ("bigint[]", "bigint[]", "integer[]", "integer[]")
KNOWN = Statement(
    "attached_already",
    KEYS,
    """
    SELECT key.*, attached.case_id FROM unnest($1, $2, $3, $4) AS key (user_id, t, n, code) CROSS JOIN LATERAL (
        SELECT case_id FROM case_alert
        WHERE user_id = key.user_id AND t = key.t AND n = key.n AND code = key.code ORDER BY user_id LIMIT 1
    ) AS attached
    """,
)
ATTACH = Statement(
    "attach_alerts",
    (
        *KEYS,
        *("bigint[]", "bigint[]", "integer[]", "timestamptz[]", "numeric[]", "text[]", "boolean[]"),
    ),
    """
    INSERT INTO case_alert (user_id, t, n, code, case_id, number, edition, at, value, sentence, muted)
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT DO NOTHING RETURNING user_id, t, n, code
    """,
)
MARK = Statement(
    "mark_retracted",
    ("bigint", "bigint", "integer", "integer", "timestamptz"),
    "UPDATE case_alert SET retracted_at = $5 WHERE user_id = $1 AND t = $2 AND n = $3 AND code = $4",
)
# The newest alerts of each code of some cases: no more of them than it takes to tell how urgent the case is.
NEWEST = Statement(
    "newest_alerts_of_cases",
    ("bigint[]", "integer[]", "integer"),
    """
    SELECT wanted.case_id, wanted.code, count(*), max(newest.at)
    FROM unnest($1, $2) AS wanted (case_id, code) CROSS JOIN LATERAL (
        SELECT at FROM case_alert WHERE case_id = wanted.case_id AND code = wanted.code
        ORDER BY number DESC LIMIT $3
    ) AS newest
    GROUP BY wanted.case_id, wanted.code
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """Of one code in a case: how many alerts, as far as they are counted, and when the newest was numbered."""

    code: int
    alerts: int
    at: datetime


class AlertQueries:
    """Queries of attached alerts within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def be_patient(self, *, locks: float, statements: float) -> None:
        """Set for this transaction how many seconds to wait for a lock, and for a statement."""
        self._transaction.write(PATIENT, f"{locks * 1000:.0f}ms", f"{statements * 1000:.0f}ms")

    def lock_head(self) -> int | None:
        """Lock the number up to which the feed is read, and return it; None if another worker has locked it."""
        rows = self._transaction.fetch(HEAD)
        return rows[0][0] if rows else None

    def move_head(self, number: int) -> None:
        """Remember up to which number the feed is read."""
        self._transaction.write(MOVE_HEAD, number)

    def known(self, keys: Collection[Key]) -> dict[Key, int]:
        """Return those of the alerts that are attached already, with their cases."""
        if not keys:
            return {}
        rows = self._transaction.fetch(KNOWN, *_columns(sorted(keys)))
        return {(user_id, t, n, code): case_id for user_id, t, n, code, case_id in rows}

    def attach(self, arrivals: Sequence[tuple[Arrival, int, bool]]) -> set[Key]:
        """Attach alerts, each to a case and muted or not; return those that were not attached before."""
        if not arrivals:
            return set()
        rows = (
            (
                *(*each.key, case_id, each.number, each.edition, each.at.isoformat()),
                *(each.value, each.sentence, muted),
            )
            for each, case_id, muted in arrivals
        )
        return {*map(tuple, self._transaction.fetch(ATTACH, *_columns(rows)))}

    def mark(self, moments: Mapping[Key, datetime | None]) -> None:
        """Mark alerts as retracted at a time, or as not retracted."""
        for key, at in sorted(moments.items()):
            self._transaction.write(MARK, *key, at.isoformat() if at else None)

    def newest(self, codes: Mapping[int, Collection[int]], most: int) -> dict[int, list[Newest]]:
        """Return for each of these cases and codes the newest alerts, counted up to `most`."""
        wanted = [(case_id, code) for case_id, of_case in codes.items() for code in of_case]
        found: dict[int, list[Newest]] = {case_id: [] for case_id in codes}
        if wanted:
            for case_id, code, alerts, at in self._transaction.fetch(NEWEST, *_columns(wanted), most):
                found[case_id].append(Newest(code=code, alerts=alerts, at=at))
        return found

    def of_case(self, case_id: int) -> list[CaseAlert]:
        """Return the alerts of a case, newest first, at most 200."""
        names = [getattr(Attached, name) for name in CaseAlert.__slots__ if name != "rule"]
        found = (
            select(*names, _rule_name())
            .where(Attached.case_id == case_id)
            .order_by(Attached.number.desc())
            .limit(MAX_ALERTS)
        )
        return [CaseAlert(**row._asdict()) for row in self._transaction.execute(found)]

    def state(self) -> tuple[int, float, int, int, datetime]:
        """Return how many entries of the feed wait, for how many seconds the first, and where the feed is read."""
        [(waiting, oldest, number, began, since)] = self._transaction.fetch(STATE)
        return int(waiting), oldest or 0.0, int(number), int(began), since


class MuteQueries:
    """Queries of mutes within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def in_force(self, players: Collection[int], now: datetime) -> dict[int, list[Mute]]:
        """Return the mutes of each of these players that last longer than now."""
        found = _mutes().where(Muted.user_id.in_(sorted(players)), Muted.in_force, Muted.until > now)
        mutes: dict[int, list[Mute]] = {}
        for row in self._transaction.execute(found.order_by(Muted.user_id, Muted.code)) if players else ():
            mutes.setdefault(row.user_id, []).append(_mute(row))
        return mutes

    def add(self, mute: Mute) -> None:
        """Store a mute in place of the one before of this player and code, which has run out."""
        ended = update(Muted).where(Muted.user_id == mute.user_id, Muted.code == mute.code, Muted.in_force)
        self._transaction.execute(ended.values(in_force=False))
        names = ("case_id", "user_id", "code", "until", "reason", "value", "made_by", "made_at")
        self._transaction.execute(insert(Muted).values({name: getattr(mute, name) for name in names}))

    def end(self, ends: Mapping[int, MuteEnd], now: datetime) -> None:
        """End mutes before their time."""
        for mute_id, end in sorted(ends.items()):
            ended = update(Muted).where(Muted.id == mute_id).values(in_force=False, ended_at=now, ended=end.value)
            self._transaction.execute(ended)

    def newest_value(self, case_id: int, code: int) -> Decimal | None:
        """Return the value of the newest alert of a code in a case; None if it has none."""
        newest = select(Attached.value).where(Attached.case_id == case_id, Attached.code == code)
        return self._transaction.execute(newest.order_by(Attached.number.desc()).limit(1)).scalar_one_or_none()


def _rule_name() -> ColumnElement[str | None]:
    """Return the name of the rule of an alert, in its edition."""
    code = func.jsonb_build_object("code", Attached.code)
    named = func.jsonb_path_query_first(Book.rules, cast("$[*] ? (@.code == $code).name", JSONPATH), code)
    text_of = named.op("#>>")(cast([], ARRAY(Text)))
    return select(text_of).where(Book.edition == Attached.edition).scalar_subquery().label("rule")


def _mutes() -> Select[Any]:
    return select(*Muted.__table__.columns)


def _mute(row: Row[Any]) -> Mute:
    names = (name for name in Mute.__slots__ if name != "ended")
    return Mute(**{name: getattr(row, name) for name in names}, ended=MuteEnd(row.ended) if row.ended else None)


def _columns(rows: Iterable[Sequence[object]]) -> Iterable[str]:
    return map(array_literal, zip(*rows, strict=True))
