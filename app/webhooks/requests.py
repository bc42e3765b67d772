"""What people ask of endpoints and deliveries, and why it may be refused, as plain values."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum

from app.webhooks.domain import MAX_ENDPOINTS, Delivery, DeliveryState, Endpoint, Filter, Format, State

MAX_REPLAYED = 10_000  # entries of the feed, or dead deliveries, in one replay
MAX_LOOKED_THROUGH = 100_000  # entries of the feed, of any code
MAIL = "mailto:"


class EndpointStep(StrEnum):
    """A step that is taken with an endpoint, by a person or by the sender; each leaves a row that nobody can change."""

    CREATED = "create"
    CHANGED = "change"
    ENABLED = "enable"
    PAUSED = "pause"
    DELETED = "delete"
    ROTATED = "rotate"
    REPLAYED = "replay"
    RETRIED = "retry"
    DISABLED = "disable"  # by the sender


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """An endpoint to create."""

    name: str
    url: str
    format: Format
    filter: Filter
    per_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointUpdate:
    """What to change of an endpoint; None leaves it as it is. `filter` replaces the whole filter."""

    name: str | None = None
    url: str | None = None
    filter: Filter | None = None
    per_second: int | None = None
    state: State | None = None

    def of(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint as changed; one that is enabled starts without the failures of before."""
        given = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        changed = replace(endpoint, **given)
        if self.state is State.ENABLED and endpoint.state is not State.ENABLED:
            changed = replace(changed, reason="", failing_since=None, hold_until=None)
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSecret:
    """An endpoint just created or rotated, with its secret; None if its format is not signed."""

    endpoint: Endpoint
    secret: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenStep:
    """A step that was taken with an endpoint: when, by whom, and in words what it did."""

    id: int
    step: EndpointStep
    who: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsQuery:
    """Which steps of an endpoint: at most `limit` with ids below `before`, newest first."""

    limit: int
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage:
    """Steps, newest first; `next_before` is the `before` of the next page."""

    steps: Sequence[TakenStep]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesQuery:
    """Which deliveries: at most `limit` with ids below `before`, newest first."""

    limit: int
    before: int | None = None
    endpoint: int | None = None
    state: DeliveryState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to deliver: the status of the answer, or else why there was none, and how long it took."""

    no: int
    at: datetime
    status: int | None
    error: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedDelivery:
    """A delivery with its attempts, oldest first."""

    delivery: Delivery
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    """Deliveries, newest first; `next_before` is the `before` of the next page."""

    deliveries: Sequence[TriedDelivery]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayQuery:
    """What to deliver again: the dead deliveries, or what the feed numbered from `since` until before `until`.

    An empty collection of codes means any.
    """

    since: datetime | None = None
    until: datetime | None = None
    codes: Collection[int] = ()
    dead: bool = False


class NoSuchEndpoint(Exception):
    """There is no such endpoint, or it was deleted."""

    def __init__(self, endpoint_id: int) -> None:
        super().__init__(f"there is no endpoint {endpoint_id}")


class NoSuchDelivery(Exception):
    """There is no such delivery."""

    def __init__(self, delivery_id: int) -> None:
        super().__init__(
            f"there is no delivery {delivery_id}; delivered ones are kept for 7 days, dead and dropped ones for 30"
        )


class TooManyEndpoints(Exception):
    """There are as many endpoints as there may be."""

    def __init__(self) -> None:
        super().__init__(f"there are {MAX_ENDPOINTS} endpoints, which is the maximum: delete one first")


class NotSigned(Exception):
    """The messages of this format are not signed, so the endpoint has no secret."""

    def __init__(self, endpoint_id: int, form: Format) -> None:
        super().__init__(f"endpoint {endpoint_id} has the format {form.value}, which is not signed: it has no secret")


class EndpointGone(Exception):
    """The endpoint of a delivery was deleted."""

    def __init__(self, endpoint_id: int) -> None:
        super().__init__(f"endpoint {endpoint_id} was deleted, so nothing is delivered to it")


class TooMuchToReplay(Exception):
    """More entries of the feed lie in the range than one replay takes or looks through."""

    def __init__(self) -> None:
        super().__init__(
            f"the feed has more than {MAX_REPLAYED:,} alerts to replay in this range, or more than "
            f"{MAX_LOOKED_THROUGH:,} to look through: replay it in shorter ranges"
        )
