"""Who takes a step over HTTP: the key, if keys are required."""

from app.access.guard import current_key
from app.rulebook.approval import ANONYMOUS, Change, name_of_key


def change_from_request(reason: str) -> Change:
    """Return who takes the step, and why."""
    key = current_key()
    who = name_of_key(key.prefix, key.name) if key else ANONYMOUS
    return Change(actor=who, reason=reason)
