"""What people may do, the roles that bundle it, and who takes a step (A72)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What somebody may do; controllers demand it."""

    CASES_READ = "cases:read"
    CASES_WORK = "cases:work"
    CASES_ASSIGN = "cases:assign"
    CASES_REVIEW = "cases:review"
    INTERACTIONS_WRITE = "interactions:write"
    CUSTOMERS_READ = "customers:read"
    REPORTS_READ = "reports:read"
    EXPORTS_MAKE = "exports:make"
    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    RULES_PUBLISH = "rules:publish"
    USERS_WRITE = "users:write"
    KEYS_WRITE = "keys:write"
    STAFF_WRITE = "staff:write"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"


class Role(StrEnum):
    """A fixed bundle of permissions; a person may have several."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    LEAD = "lead"
    AUTHOR = "author"
    PUBLISHER = "publisher"
    ADMIN = "admin"
    AUDITOR = "auditor"


READING = frozenset(
    {Permission.CASES_READ, Permission.CUSTOMERS_READ, Permission.REPORTS_READ, Permission.RULES_READ},
)
WORKING = READING | {Permission.CASES_WORK, Permission.INTERACTIONS_WRITE}
AUTHORING = frozenset({Permission.RULES_READ, Permission.RULES_WRITE, Permission.REPORTS_READ})
BUNDLES: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: READING,
    Role.ANALYST: WORKING,
    Role.LEAD: WORKING | {Permission.CASES_ASSIGN, Permission.CASES_REVIEW, Permission.EXPORTS_MAKE},
    Role.AUTHOR: AUTHORING,
    Role.PUBLISHER: AUTHORING | {Permission.RULES_PUBLISH},
    Role.ADMIN: frozenset(
        {
            Permission.RULES_READ,
            Permission.USERS_WRITE,
            Permission.KEYS_WRITE,
            Permission.STAFF_WRITE,
            Permission.WEBHOOKS_WRITE,
            Permission.AUDIT_READ,
        }
    ),
    Role.AUDITOR: READING | {Permission.EXPORTS_MAKE, Permission.AUDIT_READ},
}


class NotPermitted(Exception):
    """Somebody may not do this; `permission` is what they lack."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(f"this needs the permission {permission.value}; roles that have it: {roles_with(permission)}")
        self.permission = permission


class NotConfirmed(Exception):
    """A step needs a code again, because the last one was given too long ago."""

    def __init__(self) -> None:
        super().__init__("confirm with a code that it is you, then do this again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who takes a step: `name` as the audits record it, and `staff_id`, None for a program or for the shell.

    `is_confirmed`: a person has proved within the last minutes who they are.
    """

    name: str
    permissions: frozenset[Permission]
    staff_id: int | None = None
    is_confirmed: bool = True

    def may(self, permission: Permission) -> bool:
        """Return whether this actor may do that."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise `NotPermitted` unless this actor may do that."""
        if permission not in self.permissions:
            raise NotPermitted(permission)

    def require_confirmed(self, permission: Permission) -> None:
        """Raise `NotPermitted` as `require` does, or `NotConfirmed` where a person has to prove again who they are."""
        self.require(permission)
        if not self.is_confirmed:
            raise NotConfirmed


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return all that the roles allow together."""
    return frozenset().union(*(BUNDLES[role] for role in roles))


def roles_with(permission: Permission) -> str:
    """Return which roles allow this: "analyst, lead"."""
    return ", ".join(role.value for role, allowed in BUNDLES.items() if permission in allowed)


def person(staff_id: int, name: str, roles: Iterable[Role], *, is_confirmed: bool = True) -> Actor:
    """Return a person who has signed in, as an actor."""
    allowed = permissions_of(roles)
    return Actor(name=f"staff:{staff_id} {name}", permissions=allowed, staff_id=staff_id, is_confirmed=is_confirmed)


def shell(user: str) -> Actor:
    """Return whoever runs a command: who has the shell may do everything."""
    return Actor(name=user, permissions=frozenset(Permission))
