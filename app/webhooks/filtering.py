"""Which codes an endpoint is told of. Pure: it compares what became known with what the endpoint asks for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from app.rules.meaning import Strength
from app.webhooks.domain import Filter, Topic

DEFAULT_TOPICS = frozenset({Topic.RAISED, Topic.FOUND_LATE, Topic.RETRACTED, Topic.PUBLISHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A code that became known at an event; `strength` is that of its rule, None if its edition cannot be read."""

    code: int
    fresh: bool | None
    strength: Strength | None


def wants(chosen: Filter, topic: Topic) -> bool:
    """Tell whether messages of a topic pass, as far as that depends on the topic."""
    return topic in (chosen.topics or DEFAULT_TOPICS)


def codes_that_pass(chosen: Filter, topic: Topic, told: Iterable[Told], groups: Collection[str]) -> tuple[int, ...]:
    """Return which codes of an event an endpoint is told of; `groups` are those that the player is in now."""
    if not wants(chosen, topic) or (chosen.groups and not set(chosen.groups).intersection(groups)):
        return ()
    return tuple(each.code for each in told if _passes(chosen, topic, each))


def _passes(chosen: Filter, topic: Topic, told: Told) -> bool:
    if chosen.codes and told.code not in chosen.codes:
        return False
    if chosen.strength is not None and told.strength is not chosen.strength:
        return False
    # Only an answer can repeat the one before. Alerts of former releases do not say; better told twice than never.
    return not (chosen.only_fresh and topic is Topic.RAISED and told.fresh is False)
