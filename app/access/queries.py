"""The questions that are asked of the keys."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from app.access.domain import ApiKey
from lib.transactions import Statement, Transaction

ALL = Statement(
    "all_keys",
    (),
    """
    SELECT prefix, name, digest, scopes, created_at, last_used_at, expires_at, revoked_at, owner
    FROM api_key ORDER BY created_at, prefix
    """,
)
ADD = Statement(
    "add_key",
    ("text", "text", "bytea", "text[]", "timestamptz", "timestamptz", "text"),
    "INSERT INTO api_key (prefix, name, digest, scopes, created_at, expires_at, owner)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)",
)
OWN = Statement(
    "own_key",
    ("text", "text"),
    "UPDATE api_key SET owner = $2 WHERE prefix = $1 AND owner IS NULL RETURNING prefix",
)
OWNERS = Statement(
    "owners_of_keys",
    ("text[]",),
    "SELECT prefix, owner FROM api_key WHERE prefix = ANY ($1) AND owner IS NOT NULL",
)
REVOKE = Statement(
    "revoke_key",
    ("text",),
    "UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE prefix = $1",
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
# A lock of the whole table is not waited for either, or not for long.
SHORT_WAITS = Statement(
    "short_waits",
    (),
    "SELECT set_config('lock_timeout', '500ms', true), set_config('statement_timeout', '2s', true)",
)

Row = tuple[str, str, memoryview, list[str], datetime, datetime | None, datetime | None, datetime | None, str | None]


class KeyQueries:
    """The questions about keys that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def all(self) -> Sequence[ApiKey]:
        """Which keys were ever made? The oldest first."""
        rows: Sequence[Row] = self._transaction.fetch(ALL)
        return [
            ApiKey(
                prefix=prefix,
                name=name,
                digest=bytes(digest),
                scopes=frozenset(scopes),
                created_at=created_at,
                last_used_at=last_used_at,
                expires_at=expires_at,
                revoked_at=revoked_at,
                owner=owner,
            )
            for prefix, name, digest, scopes, created_at, last_used_at, expires_at, revoked_at, owner in rows
        ]

    def add(self, key: ApiKey) -> None:
        """Keep what is to be known of a new key."""
        scopes = sorted(key.scopes)
        self._transaction.write(
            ADD, key.prefix, key.name, key.digest, scopes, key.created_at, key.expires_at, key.owner
        )

    def revoke(self, prefix: str) -> None:
        """From now on this key is of no use; one that was revoked before stays as it is."""
        self._transaction.write(REVOKE, prefix)

    def own(self, prefix: str, owner: str) -> bool:
        """Was this key without an owner until now, and is this one its owner from now on?"""
        return bool(self._transaction.fetch(OWN, prefix, owner))

    def owners(self, prefixes: Sequence[str]) -> Mapping[str, str]:
        """Whose are these keys, by their prefix? Those without an owner are left out."""
        return dict(self._transaction.fetch(OWNERS, list(prefixes)))

    def touch_last_used(self, used: Mapping[str, datetime]) -> Collection[str]:
        """Which of these keys are free to be written, now that they were used then? A later use stays."""
        self._transaction.write(SHORT_WAITS)
        return [prefix for (prefix,) in self._transaction.fetch(TOUCH, list(used), list(used.values()))]
