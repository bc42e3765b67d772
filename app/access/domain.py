"""API keys, as plain values: what one looks like, what is kept of it, what it allows."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MARK = "aa"  # begins every key, so that those who search for leaked secrets can tell ours
SECRET_BYTES = 32
PREFIX_BYTES = 6


class Access(StrEnum):
    """Whether requests need a key."""

    OPEN = "open"
    KEYS = "keys"


class Scope(StrEnum):
    """What a key may do; each operation of the API asks for one."""

    EVENTS_WRITE = "events:write"
    EVENTS_READ = "events:read"
    USERS_WRITE = "users:write"
    USERS_READ = "users:read"
    ALERTS_READ = "alerts:read"
    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    RULES_PUBLISH = "rules:publish"
    METRICS_READ = "metrics:read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key once it has been given away: its public prefix, and the SHA-256 of all of it."""

    prefix: str
    name: str
    digest: bytes
    scopes: frozenset[str]
    created_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    owner: str | None = None  # the person who answers for it, and counts where two have to

    def state(self, now: datetime) -> str:
        """Say in a word whether the key is of use: "valid", "revoked" or "expired"."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "valid"


def new_secret_key() -> str:
    """Make a key: our mark, a public prefix that finds it again, and 256 random bits in base64."""
    return f"{MARK}_{secrets.token_hex(PREFIX_BYTES)}_{secrets.token_urlsafe(SECRET_BYTES)}"


def prefix_of(key: str) -> str:
    """Return the public part of what may be a key; nothing where it has not even the form of one."""
    mark, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    return prefix if mark == MARK and secret else ""


def digest_of(key: str) -> bytes:
    """Return what is kept of a key.

    One round of SHA-256, and no slow hash: that makes guessing passwords of people expensive. Here 256 random bits
    are to be guessed, which no number of tries will ever do, and it is computed at every request.
    """
    return hashlib.sha256(key.encode()).digest()


class NoSuchKey(Exception):
    """No key has a prefix that begins so."""


class KeyHasOwner(Exception):
    """The key has an owner, who stays: another one could make one person look like two."""


class AmbiguousKey(Exception):
    """Several keys, the `candidates`, have a prefix that begins so, and none is meant for certain."""

    def __init__(self, beginning: str, candidates: Sequence[ApiKey]) -> None:
        super().__init__(f"{len(candidates)} keys begin with {beginning!r}")
        self.candidates = candidates


def key_meant(beginning: str, known: Iterable[ApiKey]) -> ApiKey:
    """Return the only key whose prefix begins so; also from the mark on, and up to the whole of the key itself.

    Raises `NoSuchKey` and `AmbiguousKey`; neither tells anybody a secret.
    """
    wanted = beginning.strip().removeprefix(f"{MARK}_").partition("_")[0]
    found = [key for key in known if wanted and key.prefix.startswith(wanted)]
    if not found:
        raise NoSuchKey(f"no key begins with {wanted!r}")
    if len(found) > 1:
        raise AmbiguousKey(wanted, found)
    return found[0]
