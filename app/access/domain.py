"""API keys, as plain values: their form, what is stored of them, and what they allow."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

SPAN = re.compile(r"([1-9][0-9]{0,4})([dhm])")
UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
MARK = "aa"  # begins every key, so that scanners recognise leaked ones
SECRET_BYTES = 32
PREFIX_BYTES = 6


class Access(StrEnum):
    """Which requests need a key: none, all, or all but those from this machine."""

    OPEN = "open"
    KEYS = "keys"
    LOCAL = "local"


class Scope(StrEnum):
    """What a key may do; each operation of the API requires one."""

    EVENTS_WRITE = "events:write"
    EVENTS_READ = "events:read"
    EVENTS_CORRECT = "events:correct"
    USERS_WRITE = "users:write"
    USERS_READ = "users:read"
    ALERTS_READ = "alerts:read"
    CASES_READ = "cases:read"
    INTERACTIONS_WRITE = "interactions:write"
    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    RULES_PUBLISH = "rules:publish"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    METRICS_READ = "metrics:read"


class KeyStep(StrEnum):
    """A step in the audit of a key."""

    CREATE = "create"
    ROTATE = "rotate"  # a new key takes the place of an older one
    REVOKE = "revoke"
    OWN = "own"  # its owner was named


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is stored of a key: its public prefix, the SHA-256 of the whole key, and its history.

    Events refer to it by `id`, which takes four bytes of each; the prefix would take thirteen.
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
    owner: str | None = None  # the person responsible for it; approval takes two different ones

    def state(self, now: datetime) -> str:
        """Return "valid", "revoked" or "expired"."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "valid"

    def expiring_within(self, max_age: timedelta | None) -> "ApiKey":
        """Return the key, expiring at `max_age` at the latest; `None` changes nothing."""
        if max_age is None:
            return self
        end = self.created_at + max_age
        return replace(self, expires_at=min(end, self.expires_at or end))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvent:
    """A step in the audit of a key; after a rotation, `replaces` is the prefix of the older key."""

    at: datetime
    step: KeyStep
    who: str
    replaces: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRefusal:
    """A refused request with a key; `route` is the pattern of its path, never the client's own text."""

    at: datetime
    reason: str
    address: str
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHistory:
    """A key with its audit, oldest first, and its last refusals, newest first."""

    key: ApiKey
    state: str
    events: Sequence[KeyEvent]
    refusals: Sequence[KeyRefusal]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyList:
    """All keys, oldest first, `now` by the clock that expires them, and their last refusals by id, newest first."""

    keys: Sequence[ApiKey]
    now: datetime
    refused: Mapping[int, Sequence[KeyRefusal]]


class InvalidSpan(ValueError):
    """A text is not a span of time; the message says what to write."""


def read_span(text: str) -> timedelta:
    """Return a span of time such as 90d, 12h or 30m; raises `InvalidSpan`."""
    written = SPAN.fullmatch(text)
    if written is None:
        raise InvalidSpan("write 90d, 12h or 30m")
    return int(written[1]) * UNITS[written[2]]


def new_secret_key(prefix: str | None = None) -> str:
    """Make a key: our mark, a public prefix to look it up by, random unless given, and 256 random bits in base64."""
    return f"{MARK}_{prefix or secrets.token_hex(PREFIX_BYTES)}_{secrets.token_urlsafe(SECRET_BYTES)}"


def prefix_of(key: str) -> str:
    """Return the public part of a key; an empty text if it does not have the form of one."""
    mark, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    return prefix if mark == MARK and secret else ""


def digest_of(key: str) -> bytes:
    """Return what is stored of a key.

    One round of SHA-256, not a slow hash: those make people's passwords expensive to guess. A key has 256 random bits,
    which nobody will ever guess, and the digest is computed at every request.
    """
    return hashlib.sha256(key.encode()).digest()


class NoSuchKey(Exception):
    """No key has a prefix that starts with this text."""


class AmbiguousKey(Exception):
    """Several keys, the `candidates`, have a prefix that starts with this text; `now` is the time of their states."""

    def __init__(self, beginning: str, candidates: Sequence[ApiKey], now: datetime) -> None:
        super().__init__(f"{len(candidates)} keys begin with {beginning!r}")
        self.candidates = candidates
        self.now = now


class KeyExists(Exception):
    """A key has this prefix already: the form that makes it was sent before."""

    def __init__(self, prefix: str) -> None:
        super().__init__(f"this form was sent before, and made the key {prefix}; a key is shown only once")
        self.prefix = prefix


class KeyHasOwner(Exception):
    """The key has an owner, who cannot change: otherwise one person could pass for two."""


class InactiveKey(Exception):
    """The key is revoked or expired, so there is nothing to rotate."""


class LifetimeTooLong(Exception):
    """A key would be valid for longer than the settings allow."""


def find_key(beginning: str, known: Iterable[ApiKey], now: datetime) -> ApiKey:
    """Return the only key whose prefix starts with `beginning`, which may include the mark and the secret around it.

    `now` is by the clock that expires keys. Raises `NoSuchKey` or `AmbiguousKey`; neither reveals a secret.
    """
    wanted = beginning.strip().removeprefix(f"{MARK}_").partition("_")[0]
    found = [key for key in known if wanted and key.prefix.startswith(wanted)]
    if not found:
        raise NoSuchKey(f"no key begins with {wanted!r}")
    if len(found) > 1:
        raise AmbiguousKey(wanted, found, now)
    return found[0]
