"""API keys, as plain values: what one looks like, what is kept of it, what it allows."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

SPAN = re.compile(r"([1-9][0-9]{0,4})([dhm])")
UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
MARK = "aa"  # begins every key, so that those who search for leaked secrets can tell ours
SECRET_BYTES = 32
PREFIX_BYTES = 6


class Access(StrEnum):
    """Which requests need a key: none, all, or all but those that come from this machine itself."""

    OPEN = "open"
    KEYS = "keys"
    LOCAL = "local"


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


class KeyStep(StrEnum):
    """What was done with a key, as its audit has it."""

    CREATE = "create"
    ROTATE = "rotate"  # a new key takes the place of an older one
    REVOKE = "revoke"
    OWN = "own"  # the person is named who answers for it


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key once it has been given away: its public prefix, and the SHA-256 of all of it.

    `id` is the number by which events name it: four bytes of each, where the prefix would be thirteen.
    """

    id: int
    prefix: str
    name: str
    digest: bytes
    scopes: frozenset[str]
    created_at: datetime
    created_by: str | None = None
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    owner: str | None = None  # the person who answers for it, and counts where two have to

    def state(self, now: datetime) -> str:
        """Say in a word whether the key is of use: "valid", "revoked" or "expired"."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "valid"

    def no_older_than(self, max_age: timedelta | None) -> "ApiKey":
        """Return the key with the end that a maximum age gives it; `None` gives none."""
        if max_age is None:
            return self
        end = self.created_at + max_age
        return replace(self, expires_at=min(end, self.expires_at or end))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvent:
    """A step of a key's audit; `replaces` is the prefix of the older key where one was rotated."""

    at: datetime
    step: KeyStep
    who: str
    replaces: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRefusal:
    """A request that showed a key and was refused; `route` is the pattern of its path, never the client's own text."""

    at: datetime
    reason: str
    address: str
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRefusal:
    """When requests with a key were refused last, and how many such refusals are `kept`: ten at most."""

    at: datetime
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHistory:
    """A key with what was done with it, oldest first, and its last refusals, newest first."""

    key: ApiKey
    state: str
    events: Sequence[KeyEvent]
    refusals: Sequence[KeyRefusal]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyList:
    """All keys, the oldest first, `now` by the clock by which they end, and the last refusals by a key's id."""

    keys: Sequence[ApiKey]
    now: datetime
    refused: Mapping[int, LastRefusal]


class InvalidSpan(ValueError):
    """A text is no span of time; its own says what to write."""


def read_span(text: str) -> timedelta:
    """Return a span of time such as 90d, 12h or 30m; raises `InvalidSpan`."""
    written = SPAN.fullmatch(text)
    if written is None:
        raise InvalidSpan("write 90d, 12h or 30m")
    return int(written[1]) * UNITS[written[2]]


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


class AmbiguousKey(Exception):
    """Several keys, the `candidates`, have a prefix that begins so, and none is meant for certain; it is `now`."""

    def __init__(self, beginning: str, candidates: Sequence[ApiKey], now: datetime) -> None:
        super().__init__(f"{len(candidates)} keys begin with {beginning!r}")
        self.candidates = candidates
        self.now = now


class KeyHasOwner(Exception):
    """The key has an owner, who stays: another one could make one person look like two."""


class UselessKey(Exception):
    """The key is revoked or expired, so there is nothing to rotate."""


class TooLongLived(Exception):
    """A key was to be valid for longer than the settings allow."""


def key_meant(beginning: str, known: Iterable[ApiKey], now: datetime) -> ApiKey:
    """Return the only key whose prefix begins so; also from the mark on, and up to the whole of the key itself.

    `now` is by the clock by which keys end. Raises `NoSuchKey` and `AmbiguousKey`; neither tells anybody a secret.
    """
    wanted = beginning.strip().removeprefix(f"{MARK}_").partition("_")[0]
    found = [key for key in known if wanted and key.prefix.startswith(wanted)]
    if not found:
        raise NoSuchKey(f"no key begins with {wanted!r}")
    if len(found) > 1:
        raise AmbiguousKey(wanted, found, now)
    return found[0]
