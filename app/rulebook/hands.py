"""Who takes a step over HTTP: the key, if keys are required."""

from app.access.guard import current_key
from app.rulebook.eyes import ANONYMOUS, Hand, name_of_key


def change_from_request(reason: str) -> Hand:
    """Return who takes the step, and why."""
    key = current_key()
    who = name_of_key(key.prefix, key.name) if key else ANONYMOUS
    return Hand(who=who, note=reason)
