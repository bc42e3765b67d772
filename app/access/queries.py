"""The queries about keys."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from json import dumps
from typing import Any

from sqlalchemy import DateTime, Integer, Row, Text, cast, column, func, insert, or_, select, union_all, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, JSONPATH
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from app.access.domain import ApiKey, KeyEvent, KeyRefusal, KeyStep
from app.access.models import ApiKeyRow as Key
from app.access.models import KeyEventRow as Step
from lib.transactions import Transaction

KEPT_REFUSALS = 10  # of each key
KEPT = f"$[0 to {KEPT_REFUSALS - 1}]"
MAX_REVOKED_SHOWN = 100
LATEST_STEPS = 1000
REPORT_EXPIRED = timedelta(days=1)  # for which those who still use an expired key are told that it is expired
# A lock of the whole table must not be waited for long.
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
    """The queries about keys, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def limit_waits(self) -> None:
        """Wait for locks only a moment for the rest of the transaction, so that no lock delays requests."""
        settings = (("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", STATEMENT_TIMEOUT))
        self._transaction.execute(select(*(func.set_config(name, value, True) for name, value in settings)))  # noqa: FBT003

    def now(self) -> datetime:
        """Return the time of the database, whose clock expires keys."""
        now: datetime = self._transaction.execute(select(func.now())).scalar_one()
        return now

    def all(self) -> Sequence[ApiKey]:
        """Return all keys ever made, oldest first."""
        return [_key(row) for row in self._transaction.execute(select(*COLUMNS).order_by(Key.created_at, Key.id))]

    def prefix(self, key_id: int) -> str | None:
        """Return the prefix of a key, None if there is no such key."""
        return self._transaction.execute(select(Key.prefix).where(Key.id == key_id)).scalar_one_or_none()

    def in_use(self) -> tuple[datetime | None, Sequence[ApiKey]]:
        """Return the time of the database, or None if there are no keys, and the keys that requests may show.

        These are the valid ones, and those that ended lately, whose users should learn why they are refused. Of very
        many revoked at once only some are returned, since dead keys must not slow anybody down.
        """
        columns = (func.now().label("now"), *COLUMNS)
        of_use = select(*columns).where(
            Key.revoked_at.is_(None), or_(Key.expires_at.is_(None), Key.expires_at > func.now() - REPORT_EXPIRED)
        )
        revoked = select(*columns).where(Key.revoked_at.is_not(None)).order_by(Key.revoked_at.desc())
        latest = revoked.limit(MAX_REVOKED_SHOWN).subquery()
        rows = self._transaction.execute(union_all(of_use, select(latest))).all()
        return (rows[0].now if rows else None), [_key(row) for row in rows]

    def recently_revoked(self) -> Collection[int]:
        """Return the ids of the keys revoked by the latest steps in the audit.

        While the whole table of keys is locked, no key can be revoked; the keys revoked just before are among these.
        """
        latest = select(Step.key_id, Step.step).order_by(Step.id.desc()).limit(LATEST_STEPS).subquery()
        revoked = select(latest.c.key_id).where(latest.c.step == KeyStep.REVOKE.value)
        return set(self._transaction.execute(revoked).scalars())

    def add(  # noqa: PLR0913  # all that a key has
        self,
        *,
        prefix: str,
        name: str,
        digest: bytes,
        scopes: Iterable[str],
        valid_for: timedelta | None,
        created_by: str,
        owner: str | None,
    ) -> int | None:
        """Store a new key, created and expiring by the database's clock; return its id, None if the prefix is taken."""
        new = insert_or(Key).values(
            prefix=prefix,
            name=name,
            digest=digest,
            scopes=sorted(scopes),
            created_at=func.now(),
            expires_at=None if valid_for is None else func.now() + valid_for,
            created_by=created_by,
            owner=owner,
        )
        added = new.on_conflict_do_nothing(index_elements=[Key.prefix]).returning(Key.id)
        return self._transaction.execute(added).scalar_one_or_none()

    def revoke(self, prefix: str, who: str) -> bool:
        """Revoke a key; return False, and change nothing, if it was revoked before."""
        revoked = update(Key).where(Key.prefix == prefix, Key.revoked_at.is_(None))
        revoked = revoked.values(revoked_at=func.now(), revoked_by=who)
        return self._transaction.execute(revoked.returning(Key.id)).first() is not None

    def own(self, key_id: int, owner: str) -> bool:
        """Give a key an owner; return False, and change nothing, if it has one."""
        owned = update(Key).where(Key.id == key_id, Key.owner.is_(None)).values(owner=owner)
        return self._transaction.execute(owned.returning(Key.id)).first() is not None

    def owners(self, prefixes: Sequence[str]) -> Mapping[str, str]:
        """Return the owners of these keys by prefix, without the keys that have none."""
        found = select(Key.prefix, Key.owner).where(Key.prefix.in_(prefixes), Key.owner.is_not(None))
        return {row.prefix: row.owner for row in self._transaction.execute(found)}

    def expire_after(self, key_id: int, after: timedelta) -> datetime:
        """Let a key expire this long from now by the database's clock, unless it does earlier; return when."""
        ended = update(Key).where(Key.id == key_id)
        ended = ended.values(expires_at=func.least(Key.expires_at, func.now() + after))
        ends_at: datetime = self._transaction.execute(ended.returning(Key.expires_at)).scalar_one()
        return ends_at

    def record(self, step: KeyStep, key_id: int, who: str, *, replaces: int | None = None) -> None:
        """Add a step to the audit."""
        self._transaction.execute(insert(Step).values(key_id=key_id, step=step.value, who=who, replaces=replaces))

    def steps(self, key_id: int) -> Sequence[KeyEvent]:
        """Return the audit of a key, oldest first, including the rotation that replaced it."""
        older = aliased(Key)
        found = select(Step.at, Step.step, Step.who, older.prefix).outerjoin(older, older.id == Step.replaces)
        found = found.where(or_(Step.key_id == key_id, Step.replaces == key_id)).order_by(Step.id)
        return [
            KeyEvent(at=row.at, step=KeyStep(row.step), who=row.who, replaces=row.prefix)
            for row in self._transaction.execute(found)
        ]

    def refusals(self, key_id: int) -> Sequence[KeyRefusal]:
        """Return the last refusals of a key, newest first, ten at most."""
        kept = self._transaction.execute(select(Key.refusals).where(Key.id == key_id)).scalar_one()
        return [_refusal(each) for each in kept]

    def refusals_of_all(self) -> Mapping[int, Sequence[KeyRefusal]]:
        """Return the last refusals by key id, as `refusals` does, of the keys that were ever refused."""
        found = select(Key.id, Key.refusals).where(func.jsonb_array_length(Key.refusals) > 0)
        return {row.id: [_refusal(each) for each in row.refusals] for row in self._transaction.execute(found)}

    def touch_last_used(self, used: Mapping[str, datetime]) -> Collection[str]:
        """Store when these keys were last used, unless a later use is stored; return those whose rows were free.

        A locked row, while its key is revoked or for hours, must delay neither this nor the other keys of the process:
        it is left for the next time. Of several processes, the latest use wins.
        """
        free = select(Key.prefix).where(Key.prefix.in_(used)).order_by(Key.prefix)
        locked = free.with_for_update(skip_locked=True, key_share=True).cte("free")
        times = _unnested("used", prefix=(Text(), list(used)), at=(DateTime(timezone=True), list(used.values())))
        touched = update(Key).where(Key.prefix == times.c.prefix, times.c.prefix == locked.c.prefix)
        touched = touched.values(last_used_at=func.greatest(Key.last_used_at, times.c.at))
        return self._transaction.execute(touched.returning(Key.prefix)).scalars().all()

    def keep_refusals(self, refused: Mapping[int, Iterable[KeyRefusal]]) -> Collection[int]:
        """Store the refusals of these keys, newest first; return those whose rows were free."""
        free = select(Key.id).where(Key.id.in_(refused)).order_by(Key.id)
        locked = free.with_for_update(skip_locked=True, key_share=True).cte("free")
        written = [dumps([_kept(each) for each in refusals]) for refusals in refused.values()]
        latest = _unnested("refused", id=(Integer(), list(refused)), refusals=(Text(), written))
        kept = update(Key).where(Key.id == latest.c.id, latest.c.id == locked.c.id)
        both = cast(latest.c.refusals, JSONB).op("||")(Key.refusals)
        kept = kept.values(refusals=func.jsonb_path_query_array(both, cast(KEPT, JSONPATH)))
        return self._transaction.execute(kept.returning(Key.id)).scalars().all()


def _unnested(name: str, **columns: tuple[TypeEngine[Any], Sequence[object]]) -> TableValuedAlias:
    """Return a table of these columns, each given by its type and values."""
    arrays = (cast(values, ARRAY(kind)) for kind, values in columns.values())
    named = (column(each, kind) for each, (kind, _) in columns.items())
    return func.unnest(*arrays).table_valued(*named).render_derived(name=name)
