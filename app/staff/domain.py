"""Accounts of people, as plain values, their sessions and links, and why a step is refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import available_timezones

from app.staff.permissions import Actor, Role, person

# How long things last (A72).
SESSION_LASTS = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=1)
CONFIRMED_FOR = timedelta(minutes=10)  # after a sign-in or a repeated code, for steps that need it
INVITE_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(days=1)
SIGN_IN_LASTS = timedelta(hours=1)
MIN_PASSWORD, MAX_PASSWORD = 12, 200  # characters
MIN_DIFFERENT = 5  # characters of a password
OWN_WORDS = ("activity alerts", "activityalerts", "activity-alerts")  # what anybody knows of this service
MAX_EMAIL, MAX_NAME = 254, 100  # characters
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")  # as HTML has it
RECOVERY_CODES = 10


class State(StrEnum):
    """What an account can be."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class LinkKind(StrEnum):
    """What a one-time link is for."""

    INVITE = "invite"
    RESET = "reset"
    SIGN_IN = "sign-in"  # without password and code; made in development only


LASTS = {LinkKind.INVITE: INVITE_LASTS, LinkKind.RESET: RESET_LASTS, LinkKind.SIGN_IN: SIGN_IN_LASTS}


class Step(StrEnum):
    """A step in the audit of an account."""

    INVITED = "invited"
    LINK_MADE = "link-made"
    ACTIVATED = "activated"
    SIGNED_IN = "signed-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGNED_OUT = "signed-out"
    CONFIRMED = "confirmed"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105  # a word
    CODES_RENEWED = "codes-renewed"
    RECOVERY_USED = "recovery-used"
    SESSIONS_ENDED = "sessions-ended"
    ROLES_CHANGED = "roles-changed"
    DISABLED = "disabled"
    ENABLED = "enabled"


class Theme(StrEnum):
    """The colours of the pages."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Density(StrEnum):
    """How close together the rows of tables are."""

    COMFORTABLE = "comfortable"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """How pages look for a person; `zone` is a name of the time zone database."""

    zone: str = "UTC"
    theme: Theme = Theme.SYSTEM
    density: Density = Density.COMFORTABLE
    single_keys: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may sign in. `seen_at` is the last use of a session, if there is one."""

    id: int
    email: str
    name: str
    roles: tuple[Role, ...]
    state: State
    made_by: str
    made_at: datetime
    seen_at: datetime | None = None
    preferences: Preferences = Preferences()

    @property
    def shown(self) -> str:
        """What the person is called: by name, or by email address before the invitation is accepted."""
        return self.name or self.email


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What proves that somebody is the owner of an account: what is stored of it, never shown."""

    password_hash: str | None = field(repr=False)
    totp_key: str | None
    totp_version: int
    totp_offered: int
    totp_step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser in which somebody is signed in."""

    digest: bytes = field(repr=False)
    account: Account
    made_at: datetime
    seen_at: datetime
    ends_at: datetime
    is_confirmed: bool
    address: str
    agent: str

    @property
    def actor(self) -> Actor:
        """The person, as who takes a step."""
        return person(self.account.id, self.account.name, self.account.roles, is_confirmed=self.is_confirmed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-time link as it was made: its secret part is shown once."""

    account: Account
    kind: LinkKind
    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A step in the audit of an account."""

    id: int
    at: datetime
    account: str
    step: str
    who: str
    note: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """All accounts by email address, and the time by the database's clock."""

    accounts: Sequence[Account]
    now: datetime


class StaffRefusal(Exception):
    """A step is refused; the text says why and what to do."""


class NoSuchAccount(StaffRefusal):
    """Nobody has this email address or id."""

    def __init__(self, wanted: object) -> None:
        super().__init__(f"there is no account {wanted}")


class AccountExists(StaffRefusal):
    """Somebody with this email address has been invited before."""

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} has an account already")


class LastAdmin(StaffRefusal):
    """Without this person, nobody could invite or help anybody in the console."""

    def __init__(self) -> None:
        super().__init__("this is the last active admin: give somebody else the role first")


class WrongState(StaffRefusal):
    """The account is not in the state that the step needs."""


class NoRole(StaffRefusal):
    """A person without a role could do nothing."""

    def __init__(self) -> None:
        super().__init__("give at least one role")


class InvalidInput(StaffRefusal):
    """A value cannot be taken; `errors` says which and why, by field."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items()))
        self.errors = errors


class LinkExpired(StaffRefusal):
    """The one-time link was used, is too old or never existed; which of these is not told."""

    def __init__(self) -> None:
        super().__init__("this link has expired or was already used: ask an admin for a new one")


class SignInRefused(StaffRefusal):
    """Email address, password or code is wrong; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("email address, password or code is wrong; each code works once")


class SignInDelayed(StaffRefusal):
    """There were too many wrong attempts; `seconds` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many attempts: try again in {seconds} s")
        self.seconds = seconds


class WrongCode(StaffRefusal):
    """A code is wrong, or was used before."""

    def __init__(self) -> None:
        super().__init__("this code is wrong or was used before: wait for the next one")


class WrongPassword(StaffRefusal):
    """The present password is wrong."""

    def __init__(self) -> None:
        super().__init__("the current password is wrong")


def normalized_email(text: str) -> str:
    """Return an email address without the spaces around it; raises `InvalidInput`."""
    email = text.strip()
    if len(email) > MAX_EMAIL or not EMAIL.fullmatch(email):
        raise InvalidInput({"email": ["Enter an email address such as ann@example.com."]})
    return email


def name_faults(name: str) -> list[str]:
    """Return what is wrong with a person's name."""
    if not name.strip() or len(name.strip()) > MAX_NAME or not name.strip().isprintable():
        return [f"Enter a name of 1 to {MAX_NAME} characters."]
    return []


def password_faults(password: str, email: str, name: str) -> list[str]:
    """Return what is wrong with a new password: length and guessable words count, kinds of characters do not (A69)."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return [f"Use {MIN_PASSWORD} to {MAX_PASSWORD} characters; a few words with spaces are fine."]
    lowered = password.casefold()
    if len(set(lowered)) < MIN_DIFFERENT:
        return [f"Use at least {MIN_DIFFERENT} different characters."]
    known = (email, email.partition("@")[0], name, *OWN_WORDS)
    if any(word and len(word) * 2 >= len(lowered) and word.casefold() in lowered for word in known):
        return ["Do not use your name, your email address or the name of this service."]
    return []


def is_zone(name: str) -> bool:
    """Return whether the time zone database knows this name."""
    return name in available_timezones()
