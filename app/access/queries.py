"""The questions that are asked of the keys."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from json import dumps
from typing import Any

from sqlalchemy import DateTime, Integer, Row, Text, cast, column, func, insert, or_, select, union_all, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, JSONPATH
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from app.access.domain import ApiKey, KeyEvent, KeyRefusal, KeyStep, LastRefusal
from app.access.models import ApiKeyRow as Key
from app.access.models import KeyEventRow as Step
from lib.transactions import Transaction

KEPT_REFUSALS = 10  # of each key
KEPT = f"$[0 to {KEPT_REFUSALS - 1}]"
MAX_REVOKED_SHOWN = 100
LATEST_STEPS = 1000
STILL_TOLD = timedelta(days=1)  # that a key has ended, to those who still show it
# A lock of the whole table is not waited for, or not for long.
LOCK_TIMEOUT, STATEMENT_TIMEOUT = "250ms", "1s"

COLUMNS = (
    *(Key.id, Key.prefix, Key.name, Key.digest, Key.scopes, Key.created_at, Key.created_by),
    *(Key.last_used_at, Key.expires_at, Key.revoked_at, Key.revoked_by, Key.owner),
)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        prefix=row.prefix,
        name=row.name,
        digest=bytes(row.digest),
        scopes=frozenset(row.scopes),
        created_at=row.created_at,
        created_by=row.created_by,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        owner=row.owner,
    )


def _refusal(kept: Mapping[str, str]) -> KeyRefusal:
    at = datetime.fromisoformat(kept["at"])
    return KeyRefusal(at=at, reason=kept["reason"], address=kept["address"], route=kept["route"])


def _kept(refusal: KeyRefusal) -> dict[str, str]:
    at = refusal.at.isoformat(timespec="seconds")
    return {"at": at, "reason": refusal.reason, "address": refusal.address, "route": refusal.route}


class KeyQueries:
    """The questions about keys that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def wait_shortly(self) -> None:
        """Wait for locks no longer than a moment, until the end: nobody who holds one may be in the way of requests."""
        settings = (("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", STATEMENT_TIMEOUT))
        self._transaction.execute(select(*(func.set_config(name, value, True) for name, value in settings)))  # noqa: FBT003

    def now(self) -> datetime:
        """What time is it in the database, by whose clock keys end?"""
        now: datetime = self._transaction.execute(select(func.now())).scalar_one()
        return now

    def all(self) -> Sequence[ApiKey]:
        """Which keys were ever made? The oldest first."""
        return [_key(row) for row in self._transaction.execute(select(*COLUMNS).order_by(Key.created_at, Key.id))]

    def in_use(self) -> tuple[datetime | None, Sequence[ApiKey]]:
        """Which keys may requests show, and what time is it in the database? Of no keys, no time is told.

        Those of use, or of use until lately, so that their owners are told why they are refused. Of very many that were
        revoked at once only some: nobody shall be slowed down by what is of no use.
        """
        columns = (func.now().label("now"), *COLUMNS)
        of_use = select(*columns).where(
            Key.revoked_at.is_(None), or_(Key.expires_at.is_(None), Key.expires_at > func.now() - STILL_TOLD)
        )
        revoked = select(*columns).where(Key.revoked_at.is_not(None)).order_by(Key.revoked_at.desc())
        latest = revoked.limit(MAX_REVOKED_SHOWN).subquery()
        rows = self._transaction.execute(union_all(of_use, select(latest))).all()
        return (rows[0].now if rows else None), [_key(row) for row in rows]

    def lately_revoked(self) -> Collection[int]:
        """Which keys were revoked by the last steps that were taken with any?

        Where somebody holds a lock of the whole table of keys, no key can be revoked; those that were just before that
        are among these.
        """
        latest = select(Step.key_id, Step.step).order_by(Step.id.desc()).limit(LATEST_STEPS).subquery()
        revoked = select(latest.c.key_id).where(latest.c.step == KeyStep.REVOKE.value)
        return set(self._transaction.execute(revoked).scalars())

    def add(  # noqa: PLR0913  # what is to be known of a key
        self,
        *,
        prefix: str,
        name: str,
        digest: bytes,
        scopes: Iterable[str],
        valid_for: timedelta | None,
        created_by: str,
        owner: str | None,
    ) -> int:
        """Keep what is to be known of a new key, made and ending by the database's clock; return its id."""
        new = insert(Key).values(
            prefix=prefix,
            name=name,
            digest=digest,
            scopes=sorted(scopes),
            created_at=func.now(),
            expires_at=None if valid_for is None else func.now() + valid_for,
            created_by=created_by,
            owner=owner,
        )
        return int(self._transaction.execute(new.returning(Key.id)).scalar_one())

    def revoke(self, prefix: str, who: str) -> bool:
        """From now on this key is of no use; one that was revoked before stays as it is. Was it of use until now?"""
        revoked = update(Key).where(Key.prefix == prefix, Key.revoked_at.is_(None))
        revoked = revoked.values(revoked_at=func.now(), revoked_by=who)
        return self._transaction.execute(revoked.returning(Key.id)).first() is not None

    def own(self, key_id: int, owner: str) -> bool:
        """Was this key without an owner until now, and is this one its owner from now on?"""
        owned = update(Key).where(Key.id == key_id, Key.owner.is_(None)).values(owner=owner)
        return self._transaction.execute(owned.returning(Key.id)).first() is not None

    def owners(self, prefixes: Sequence[str]) -> Mapping[str, str]:
        """Whose are these keys, by their prefix? Those without an owner are left out."""
        found = select(Key.prefix, Key.owner).where(Key.prefix.in_(prefixes), Key.owner.is_not(None))
        return {row.prefix: row.owner for row in self._transaction.execute(found)}

    def end_soon(self, key_id: int, after: timedelta) -> datetime:
        """Let a key end after so long, by the database's clock, unless it ends before. When is that?"""
        ended = update(Key).where(Key.id == key_id)
        ended = ended.values(expires_at=func.least(Key.expires_at, func.now() + after))
        ends_at: datetime = self._transaction.execute(ended.returning(Key.expires_at)).scalar_one()
        return ends_at

    def note(self, step: KeyStep, key_id: int, who: str, *, replaces: int | None = None) -> None:
        """Write a step down for good."""
        self._transaction.execute(insert(Step).values(key_id=key_id, step=step.value, who=who, replaces=replaces))

    def steps(self, key_id: int) -> Sequence[KeyEvent]:
        """Which steps were taken with a key, the one that replaced it included? The oldest first."""
        older = aliased(Key)
        found = select(Step.at, Step.step, Step.who, older.prefix).outerjoin(older, older.id == Step.replaces)
        found = found.where(or_(Step.key_id == key_id, Step.replaces == key_id)).order_by(Step.id)
        return [
            KeyEvent(at=row.at, step=KeyStep(row.step), who=row.who, replaces=row.prefix)
            for row in self._transaction.execute(found)
        ]

    def refusals(self, key_id: int) -> Sequence[KeyRefusal]:
        """Which requests with a key were refused? The newest first, ten at most."""
        kept = self._transaction.execute(select(Key.refusals).where(Key.id == key_id)).scalar_one()
        return [_refusal(each) for each in kept]

    def last_refusals(self) -> Mapping[int, LastRefusal]:
        """Which keys were refused, by their id: how many refusals are kept, and when was the last?"""
        kept, last = func.jsonb_array_length(Key.refusals).label("kept"), Key.refusals[0]["at"].astext.label("at")
        found = select(Key.id, kept, last).where(kept > 0)
        return {
            row.id: LastRefusal(kept=row.kept, at=datetime.fromisoformat(row.at))
            for row in self._transaction.execute(found)
        }

    def touch_last_used(self, used: Mapping[str, datetime]) -> Collection[str]:
        """Which of these keys are free to be written, now that they were used then? A later use stays.

        Whoever holds the row of a key, to revoke it or for hours, must delay neither this nor the other keys of the
        process: its row is left for the next time. Of several processes the one with the latest use is believed.
        """
        free = select(Key.prefix).where(Key.prefix.in_(used)).order_by(Key.prefix)
        locked = free.with_for_update(skip_locked=True, key_share=True).cte("free")
        times = _unnested("used", prefix=(Text(), list(used)), at=(DateTime(timezone=True), list(used.values())))
        touched = update(Key).where(Key.prefix == times.c.prefix, times.c.prefix == locked.c.prefix)
        touched = touched.values(last_used_at=func.greatest(Key.last_used_at, times.c.at))
        return self._transaction.execute(touched.returning(Key.prefix)).scalars().all()

    def keep_refusals(self, refused: Mapping[int, Iterable[KeyRefusal]]) -> Collection[int]:
        """Which of these keys are free to be written, now that they were refused so? Of each, newest first."""
        free = select(Key.id).where(Key.id.in_(refused)).order_by(Key.id)
        locked = free.with_for_update(skip_locked=True, key_share=True).cte("free")
        written = [dumps([_kept(each) for each in refusals]) for refusals in refused.values()]
        latest = _unnested("refused", id=(Integer(), list(refused)), refusals=(Text(), written))
        kept = update(Key).where(Key.id == latest.c.id, latest.c.id == locked.c.id)
        both = cast(latest.c.refusals, JSONB).op("||")(Key.refusals)
        kept = kept.values(refusals=func.jsonb_path_query_array(both, cast(KEPT, JSONPATH)))
        return self._transaction.execute(kept.returning(Key.id)).scalars().all()


def _unnested(name: str, **columns: tuple[TypeEngine[Any], Sequence[object]]) -> TableValuedAlias:
    """Return a table of these columns, each of a type and with its values."""
    arrays = (cast(values, ARRAY(kind)) for kind, values in columns.values())
    named = (column(each, kind) for each, (kind, _) in columns.items())
    return func.unnest(*arrays).table_valued(*named, name=name).render_derived()
