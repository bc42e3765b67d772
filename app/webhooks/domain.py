"""Endpoints and what is delivered to them, as plain values."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.alerts.domain import Kind
from app.rules.meaning import Strength

MAX_ENDPOINTS = 50
OF_A_SHORT_ALERT = ("number", "code", "edition")  # what stays of an alert in a message that is too long for more
PREVIOUS_SECRET_HOURS = 24  # for which a rotated secret still signs beside the new one


class Format(StrEnum):
    """In which form an endpoint is told."""

    STANDARD = "standard"  # Standard Webhooks: one message each, signed
    SLACK = "slack"
    TEAMS = "teams"
    EMAIL = "email"


class Topic(StrEnum):
    """What an endpoint can be told; the name is the `type` of its messages."""

    RAISED = "alert.raised"
    FOUND_LATE = "alert.found-late"
    RETRACTED = "alert.retracted"
    PUBLISHED = "rulebook.published"
    CASE_OPENED = "case.opened"
    CASE_CLOSED = "case.closed"
    ACTION_RECORDED = "action.recorded"
    TEST = "endpoint.test"  # sent on demand, to whatever an endpoint listens


TOPIC_OF = {Kind.RAISED: Topic.RAISED, Kind.FOUND_LATE: Topic.FOUND_LATE, Kind.RETRACTED: Topic.RETRACTED}


class State(StrEnum):
    """Whether an endpoint is told; one that is not keeps what is due to it."""

    ENABLED = "enabled"
    PAUSED = "paused"  # by a person
    DISABLED = "disabled"  # by the sender, which says why
    DELETED = "deleted"


class DeliveryState(StrEnum):
    """What has become of a delivery."""

    DUE = "due"
    DELIVERED = "delivered"
    DEAD = "dead"  # after the last attempt
    DROPPED = "dropped"  # its endpoint was deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What an endpoint is told of. An empty collection means any.

    `only_fresh` leaves out alerts that repeat the code of the player's event before; found late, they always pass.
    """

    topics: Collection[Topic] = ()
    codes: Collection[int] = ()
    strength: Strength | None = None
    groups: Collection[str] = ()
    only_fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address that is told. `url` is an http(s) address, or `mailto:` one for e-mail.

    `key` names the WEBHOOK_KEY that its secret is derived from, `secret_version` counts its rotations; until
    `previous_until` the secret before, derived from `previous_key`, signs as well. `per_second` bounds the attempts.
    `failing_since` is when the present series of failures began, `hold_until` until when the receiver asked for a
    pause.
    """

    id: int
    name: str
    url: str
    format: Format
    filter: Filter
    per_second: int
    state: State
    reason: str
    key: str
    secret_version: int
    previous_key: str | None
    previous_until: datetime | None
    failing_since: datetime | None
    hold_until: datetime | None
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message to an endpoint, about the codes of an event at its revision `no`, or else about a notice."""

    id: int
    message_id: str
    endpoint_id: int
    topic: Topic
    user_id: int | None
    t: int | None
    n: int | None
    no: int | None
    codes: tuple[int, ...]
    notice_id: int | None
    state: DeliveryState
    attempts: int
    next_at: datetime
    last_status: int | None
    last_error: str
    made_at: datetime
    done_at: datetime | None


def message_id_of(user_id: int, t: int, n: int, kind: Kind, no: int) -> str:
    """Return the id of the message about what became known at an event; the same for each attempt and endpoint."""
    return f"alert_{user_id}_{t}_{n}_{kind.value}_{no}"
