"""How much an endpoint may be sent at once. Pure.

The rate is kept as one moment, the end of what has been used up (the generic cell rate algorithm): it is stored with
the endpoint, so that several workers keep one rate together.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import unquote

from app.webhooks.domain import Endpoint, Format

AT_ONCE = 4  # requests under way to an endpoint
IN_A_ROW = 8  # messages that a thread takes with it, to send one after the other
BURST = timedelta(seconds=0.5)  # what a look may catch up with; longer than the pause between two looks
SECONDS_BETWEEN_DIGESTS = {Format.SLACK: 1.0, Format.TEAMS: 1.0, Format.EMAIL: 60.0}
IN_A_DIGEST = {Format.SLACK: 20, Format.TEAMS: 20, Format.EMAIL: 200}  # messages


def is_digest(form: Format) -> bool:
    """Tell whether one request to such an endpoint tells several messages; then one is under way at a time."""
    return form in SECONDS_BETWEEN_DIGESTS


def first_of_mailbox(endpoints: Iterable[Endpoint]) -> dict[int, int]:
    """Return for each endpoint for e-mail whose address others have as well the smallest id of those with it."""
    sharing = defaultdict[str, list[int]](list)
    for each in endpoints:
        if each.format is Format.EMAIL:
            sharing[unquote(each.url).lower()].append(each.id)
    return {each: min(ids) for ids in sharing.values() if len(ids) > 1 for each in ids}


def most_now(endpoint: Endpoint, ready_at: datetime | None, now: datetime, under_way: int) -> int:
    """Return how many deliveries may be taken now, with so many requests under way.

    An endpoint that is not ready yet is not asked for, so its rate allows at least one.
    """
    if is_digest(endpoint.format):
        return 0 if under_way else IN_A_DIGEST[endpoint.format]
    saved = now - _base(ready_at, now)
    return min((AT_ONCE - under_way) * IN_A_ROW, 1 + int(saved.total_seconds() * endpoint.per_second))


def ready_again(endpoint: Endpoint, ready_at: datetime | None, now: datetime, taken: int) -> datetime:
    """Return from when on more may be taken, after some were taken now."""
    if is_digest(endpoint.format):
        return now + timedelta(seconds=SECONDS_BETWEEN_DIGESTS[endpoint.format])
    return _base(ready_at, now) + timedelta(seconds=taken / endpoint.per_second)


def _base(ready_at: datetime | None, now: datetime) -> datetime:
    return max(ready_at or now - BURST, now - BURST)
