"""Who takes a step over HTTP: the key, where one is asked for."""

from typing import TYPE_CHECKING

from flask import g

from app.rulebook.eyes import ANONYMOUS, Hand, name_of_key

if TYPE_CHECKING:
    from app.access.domain import ApiKey


def hand_of_request(note: str) -> Hand:
    """Return who acts, and why."""
    key: ApiKey | None = g.get("api_key")
    return Hand(who=name_of_key(key.prefix, key.name) if key else ANONYMOUS, note=note)
