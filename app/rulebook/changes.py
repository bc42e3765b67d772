"""Who takes a step over HTTP: the key, if keys are required."""

from app.access.actors import actor_of_request
from app.rulebook.approval import Change


def change_from_request(reason: str) -> Change:
    """Return who takes the step, and why."""
    return Change(actor=actor_of_request(), reason=reason)
