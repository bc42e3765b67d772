"""Who makes a change, as the audits name them: a key, a person at a shell, or nobody known."""

from app.access.guard import current_key

ANONYMOUS = "anonymous"  # a client without a key, while none is required
SERVICE = "service"  # for what no person did
KEY = "key:"
STAFF = "staff:"  # somebody who has signed in: the number of their account follows, then their name
MIGRATION = "migration "  # the author of the first edition
NOBODY = frozenset({ANONYMOUS, SERVICE})


def name_of_key(prefix: str, name: str) -> str:
    """Return the name that the audits record for a key."""
    return f"{KEY}{prefix} {name}"


def actor_of_request() -> str:
    """Return who makes a change over HTTP: the key, if keys are required."""
    key = current_key()
    return name_of_key(key.prefix, key.name) if key else ANONYMOUS


def is_reserved(who: str) -> bool:
    """Return whether a person may not use this name, which marks keys, accounts, migrations or nobody known."""
    return who.casefold().startswith((KEY, STAFF, MIGRATION)) or who.casefold() in NOBODY
