"""Who takes a step over HTTP: the key, if keys are required."""

from app.access.guard import current_key
from app.rulebook.eyes import ANONYMOUS, Hand, name_of_key


def change_from_request(note: str) -> Hand:
    """Return who takes the step, and why."""
    key = current_key()
    return Hand(who=name_of_key(key.prefix, key.name) if key else ANONYMOUS, note=note)
