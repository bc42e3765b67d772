"""Who takes a step over HTTP: the key, where one is asked for."""

from app.access.guard import current_key
from app.rulebook.eyes import ANONYMOUS, Hand, name_of_key


def hand_of_request(note: str) -> Hand:
    """Return who acts, and why."""
    key = current_key()
    return Hand(who=name_of_key(key.prefix, key.name) if key else ANONYMOUS, note=note)
