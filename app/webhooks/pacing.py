"""How much an endpoint may be sent at once. Pure.

The rate is kept as one moment, the end of what has been used up (the generic cell rate algorithm): it is stored with
the endpoint, so that several workers keep one rate together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.webhooks.domain import Endpoint, Format

AT_ONCE = 4  # messages under way to an endpoint
BURST = timedelta(seconds=0.5)  # what a look may catch up with; longer than the pause between two looks
SECONDS_BETWEEN_DIGESTS = {Format.SLACK: 1.0, Format.TEAMS: 1.0, Format.EMAIL: 60.0}
IN_A_DIGEST = {Format.SLACK: 20, Format.TEAMS: 20, Format.EMAIL: 200}  # messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many deliveries to take: up to `most`; with `alone`, none while others are under way."""

    most: int
    alone: bool


def is_digest(form: Format) -> bool:
    """Tell whether one request to such an endpoint tells several messages."""
    return form in SECONDS_BETWEEN_DIGESTS


def pace_of(endpoint: Endpoint, ready_at: datetime | None, now: datetime) -> Pace:
    """Return how many deliveries may be taken now, at least one: who is not ready yet is not asked for."""
    if is_digest(endpoint.format):
        return Pace(most=IN_A_DIGEST[endpoint.format], alone=True)
    saved = now - _base(ready_at, now)
    return Pace(most=min(AT_ONCE, 1 + int(saved.total_seconds() * endpoint.per_second)), alone=False)


def ready_again(endpoint: Endpoint, ready_at: datetime | None, now: datetime, taken: int) -> datetime:
    """Return from when on more may be taken, after some were taken now."""
    if is_digest(endpoint.format):
        return now + timedelta(seconds=SECONDS_BETWEEN_DIGESTS[endpoint.format])
    return _base(ready_at, now) + timedelta(seconds=taken / endpoint.per_second)


def _base(ready_at: datetime | None, now: datetime) -> datetime:
    return max(ready_at or now - BURST, now - BURST)
