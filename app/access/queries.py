"""The questions that are asked of the keys."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from json import dumps
from typing import Any

from app.access.domain import ApiKey, KeyEvent, KeyRefusal, KeyStep, LastRefusal
from lib.transactions import Statement, Transaction

KEPT_REFUSALS = 10  # of each key

NAMES = (
    *("id", "prefix", "name", "digest", "scopes", "created_at", "created_by"),
    *("last_used_at", "expires_at", "revoked_at", "revoked_by", "owner"),
)
COLUMNS = ", ".join(NAMES)
ALL = Statement("all_keys", (), f"SELECT {COLUMNS} FROM api_key ORDER BY created_at, id")  # noqa: S608  # all ours
NOW = Statement("key_clock", (), "SELECT now()")
# Those that requests may show: of use, or of use until lately, so that their owners are told why they are refused. Of
# very many that were revoked at once only some: nobody shall be slowed down by what is of no use.
IN_USE = Statement(
    "keys_in_use",
    (),
    f"""
    (SELECT now(), {COLUMNS} FROM api_key
     WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now() - interval '1 day'))
    UNION ALL
    (SELECT now(), {COLUMNS} FROM api_key WHERE revoked_at IS NOT NULL ORDER BY revoked_at DESC LIMIT 100)
    """,  # noqa: S608  # as above
)
# Where somebody holds a lock of the whole table, no key can be revoked; those that were just before that are in here.
LATELY_REVOKED = Statement(
    "lately_revoked_keys",
    (),
    """
    SELECT key_id FROM (SELECT key_id, step FROM key_event ORDER BY id DESC LIMIT 1000) AS latest
    WHERE step = 'revoke'
    """,
)
ADD = Statement(
    "add_key",
    ("text", "text", "bytea", "text[]", "interval", "text", "text"),
    """
    INSERT INTO api_key (prefix, name, digest, scopes, created_at, expires_at, created_by, owner)
    VALUES ($1, $2, $3, $4, now(), now() + $5, $6, $7) RETURNING id
    """,
)
OWN = Statement(
    "own_key",
    ("integer", "text"),
    "UPDATE api_key SET owner = $2 WHERE id = $1 AND owner IS NULL RETURNING id",
)
OWNERS = Statement(
    "owners_of_keys",
    ("text[]",),
    "SELECT prefix, owner FROM api_key WHERE prefix = ANY ($1) AND owner IS NOT NULL",
)
REVOKE = Statement(
    "revoke_key",
    ("text", "text"),
    """
    UPDATE api_key SET revoked_at = now(), revoked_by = $2 WHERE prefix = $1 AND revoked_at IS NULL RETURNING id
    """,
)
END_SOON = Statement(
    "end_key_soon",
    ("integer", "interval"),
    "UPDATE api_key SET expires_at = least(expires_at, now() + $2) WHERE id = $1 RETURNING expires_at",
)
NOTE_STEP = Statement(
    "note_key_step",
    ("integer", "text", "text", "integer"),
    "INSERT INTO key_event (key_id, step, who, replaces) VALUES ($1, $2, $3, $4)",
)
STEPS = Statement(
    "steps_of_key",
    ("integer",),
    """
    SELECT step.at, step.step, step.who, older.prefix
    FROM key_event AS step LEFT JOIN api_key AS older ON older.id = step.replaces
    WHERE step.key_id = $1 OR step.replaces = $1 ORDER BY step.id
    """,
)
REFUSALS = Statement("refusals_of_key", ("integer",), "SELECT refusals FROM api_key WHERE id = $1")
LAST_REFUSALS = Statement(
    "last_refusals_of_keys",
    (),
    "SELECT id, jsonb_array_length(refusals), refusals -> 0 ->> 'at' FROM api_key WHERE refusals <> '[]'",
)
# Whoever holds the row of a key, to revoke it or for hours, must delay neither this nor the other keys of the process:
# its row is left for the next time. Of several processes the one with the latest use is believed.
TOUCH = Statement(
    "touch_last_used",
    ("text[]", "timestamptz[]"),
    """
    WITH free AS MATERIALIZED (
        SELECT prefix FROM api_key WHERE prefix = ANY ($1) ORDER BY prefix FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE api_key SET last_used_at = greatest(last_used_at, used.at)
    FROM unnest($1, $2) AS used (prefix, at) JOIN free USING (prefix)
    WHERE api_key.prefix = used.prefix
    RETURNING api_key.prefix
    """,
)
KEEP_REFUSALS = Statement(
    "keep_refusals",
    ("integer[]", "text[]", "text"),
    """
    WITH free AS MATERIALIZED (
        SELECT id FROM api_key WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE api_key SET refusals = jsonb_path_query_array(refused.latest::jsonb || refusals, $3::jsonpath)
    FROM unnest($1, $2) AS refused (id, latest) JOIN free USING (id)
    WHERE api_key.id = refused.id
    RETURNING api_key.id
    """,
)
KEPT = f"$[0 to {KEPT_REFUSALS - 1}]"
# A lock of the whole table is not waited for either, or not for long.
SHORT_WAITS = Statement(
    "short_waits",
    (),
    "SELECT set_config('lock_timeout', '250ms', true), set_config('statement_timeout', '1s', true)",
)


def _key(row: Sequence[Any]) -> ApiKey:
    known = dict(zip(NAMES, row, strict=True))
    return ApiKey(**{**known, "digest": bytes(known["digest"]), "scopes": frozenset(known["scopes"])})


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
        """Wait for locks no longer than a moment, until the end: nobody who holds one may be in the way of requests.

        Asked before anything else, since already to prepare a question waits for the lock of its table.
        """
        self._transaction.fetch(SHORT_WAITS)

    def now(self) -> datetime:
        """What time is it in the database, by whose clock keys end?"""
        [(now,)] = self._transaction.fetch(NOW)
        moment: datetime = now
        return moment

    def all(self) -> Sequence[ApiKey]:
        """Which keys were ever made? The oldest first."""
        return [_key(row) for row in self._transaction.fetch(ALL)]

    def in_use(self) -> tuple[datetime | None, Sequence[ApiKey]]:
        """Which keys may requests show, and what time is it in the database? Of no keys, no time is told."""
        rows = self._transaction.fetch(IN_USE)
        return (rows[0][0] if rows else None), [_key(row[1:]) for row in rows]

    def lately_revoked(self) -> Collection[int]:
        """Which keys were revoked by the last steps that were taken with any?"""
        return {key_id for (key_id,) in self._transaction.fetch(LATELY_REVOKED)}

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
        written = (prefix, name, digest, sorted(scopes), valid_for, created_by, owner)
        [(key_id,)] = self._transaction.fetch(ADD, *written)
        return int(key_id)

    def revoke(self, prefix: str, who: str) -> bool:
        """From now on this key is of no use; one that was revoked before stays as it is. Was it of use until now?"""
        return bool(self._transaction.fetch(REVOKE, prefix, who))

    def own(self, key_id: int, owner: str) -> bool:
        """Was this key without an owner until now, and is this one its owner from now on?"""
        return bool(self._transaction.fetch(OWN, key_id, owner))

    def owners(self, prefixes: Sequence[str]) -> Mapping[str, str]:
        """Whose are these keys, by their prefix? Those without an owner are left out."""
        return dict(self._transaction.fetch(OWNERS, list(prefixes)))

    def end_soon(self, key_id: int, after: timedelta) -> datetime:
        """Let a key end after so long, by the database's clock, unless it ends before. When is that?"""
        [(ends_at,)] = self._transaction.fetch(END_SOON, key_id, after)
        ends: datetime = ends_at
        return ends

    def note(self, step: KeyStep, key_id: int, who: str, *, replaces: int | None = None) -> None:
        """Write a step down for good."""
        self._transaction.write(NOTE_STEP, key_id, step.value, who, replaces)

    def steps(self, key_id: int) -> Sequence[KeyEvent]:
        """Which steps were taken with a key, the one that replaced it included? The oldest first."""
        rows = self._transaction.fetch(STEPS, key_id)
        return [KeyEvent(at=at, step=KeyStep(step), who=who, replaces=older) for at, step, who, older in rows]

    def refusals(self, key_id: int) -> Sequence[KeyRefusal]:
        """Which requests with a key were refused? The newest first, ten at most."""
        [(kept,)] = self._transaction.fetch(REFUSALS, key_id)
        return [_refusal(each) for each in kept]

    def last_refusals(self) -> Mapping[int, LastRefusal]:
        """Which keys were refused, by their id: how many refusals are kept, and when was the last?"""
        rows = self._transaction.fetch(LAST_REFUSALS)
        return {key_id: LastRefusal(kept=kept, at=datetime.fromisoformat(at)) for key_id, kept, at in rows}

    def touch_last_used(self, used: Mapping[str, datetime]) -> Collection[str]:
        """Which of these keys are free to be written, now that they were used then? A later use stays."""
        return [prefix for (prefix,) in self._transaction.fetch(TOUCH, list(used), list(used.values()))]

    def keep_refusals(self, refused: Mapping[int, Iterable[KeyRefusal]]) -> Collection[int]:
        """Which of these keys are free to be written, now that they were refused so? Of each, newest first."""
        written = [dumps([_kept(each) for each in refusals]) for refusals in refused.values()]
        return [key_id for (key_id,) in self._transaction.fetch(KEEP_REFUSALS, list(refused), written, KEPT)]
