"""The questions that are asked of the keys."""

from collections.abc import Collection, Sequence
from datetime import datetime

from app.access.domain import ApiKey
from lib.transactions import Statement, Transaction

ALL = Statement(
    "all_keys",
    (),
    """
    SELECT prefix, name, digest, scopes, created_at, last_used_at, expires_at, revoked_at
    FROM api_key ORDER BY created_at, prefix
    """,
)
ADD = Statement(
    "add_key",
    ("text", "text", "bytea", "text[]", "timestamptz", "timestamptz"),
    "INSERT INTO api_key (prefix, name, digest, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
)
REVOKE = Statement(
    "revoke_key",
    ("text",),
    "UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE prefix = $1",
)
# The workers each have their own idea of when a key was used last; the condition lets one of them write it.
USED = Statement(
    "key_used",
    ("text[]",),
    """
    UPDATE api_key SET last_used_at = now()
    WHERE prefix = ANY ($1) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    """,
)

Row = tuple[str, str, memoryview, list[str], datetime, datetime | None, datetime | None, datetime | None]


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
            )
            for prefix, name, digest, scopes, created_at, last_used_at, expires_at, revoked_at in rows
        ]

    def add(self, key: ApiKey) -> None:
        """Keep what is to be known of a new key."""
        scopes = sorted(key.scopes)
        self._transaction.write(ADD, key.prefix, key.name, key.digest, scopes, key.created_at, key.expires_at)

    def revoke(self, prefix: str) -> None:
        """From now on this key is of no use; one that was revoked before stays as it is."""
        self._transaction.write(REVOKE, prefix)

    def were_used(self, prefixes: Collection[str]) -> None:
        """Write down, to the minute, that these keys were used."""
        self._transaction.write(USED, sorted(prefixes))
