"""What an endpoint is sent, and how an attempt to send it ended, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.webhooks.domain import Topic

MAX_ERROR = 500  # characters that are kept of why an attempt failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message: the id that it has at each attempt, and `at` which time it became known what `data` says.

    `data` is as JSON has it: numbers, texts, lists and mappings.
    """

    id: str
    topic: Topic
    at: datetime
    data: Mapping[str, Any]


class Verdict(StrEnum):
    """What an attempt means for the deliveries in it and for their endpoint."""

    DELIVERED = "delivered"
    FAILED = "failed"
    THROTTLED = "throttled"  # the receiver wants a pause, which holds for all that is due to it
    GONE = "gone"  # the receiver wants nothing any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended, after how many seconds.

    `status` is that of the answer, of HTTP or of SMTP, None without an answer; `text` its beginning. `error` says in at
    most 500 characters why the attempt failed. `retry_after` is the pause in seconds that the receiver asked for.
    """

    verdict: Verdict
    seconds: float
    status: int | None = None
    text: str = ""
    error: str = ""
    retry_after: float | None = None
