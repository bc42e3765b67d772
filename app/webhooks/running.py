"""Runs an errand of the sender: the messages for one endpoint, one after the other or as a digest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from app.webhooks.domain import Delivery
from app.webhooks.messages import Message, Outcome, Verdict
from app.webhooks.pacing import is_digest
from app.webhooks.sending import Transport, send
from app.webhooks.taking import Errand
from lib.logs import get_logger

# Seconds after which no further message is begun. What comes last takes half a minute at most, and so ends within the
# lease.
PATIENCE = 20.0

log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt at deliveries in one request; `outcome` is None if nothing is stored any more to tell."""

    deliveries: Sequence[Delivery]
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An errand that has ended: what was attempted, in its order; the other deliveries were not."""

    errand: Errand
    attempts: Sequence[Attempt]

    @property
    def left(self) -> list[int]:
        """The ids of the deliveries that were not attempted."""
        attempted = {delivery.id for each in self.attempts for delivery in each.deliveries}
        return [each.id for each in self.errand.deliveries if each.id not in attempted]


def run(errand: Errand, transport: Transport, stops: Callable[[], bool]) -> Done:
    """Send what an errand has, until something fails, time is up, or `stops` says so."""
    began = monotonic()
    attempts: list[Attempt] = []
    for deliveries, messages in _requests(errand):
        if attempts and (stops() or monotonic() - began > PATIENCE):
            break
        outcome = _attempt(errand, messages, transport) if messages else None
        attempts.append(Attempt(deliveries=deliveries, outcome=outcome))
        if outcome and outcome.verdict is not Verdict.DELIVERED:
            break
    return Done(errand=errand, attempts=attempts)


def _requests(errand: Errand) -> list[tuple[list[Delivery], list[Message]]]:
    pairs = [*zip(errand.deliveries, errand.messages, strict=True)]
    told = [(delivery, message) for delivery, message in pairs if message]
    empty = [delivery for delivery, message in pairs if not message]
    single = [([delivery], [message]) for delivery, message in told]
    together = [([delivery for delivery, _ in told], [message for _, message in told])] if told else []
    return [
        *([(empty, [])] if empty else []),
        *(together if is_digest(errand.endpoint.format) else single),
    ]


def _attempt(errand: Errand, messages: Sequence[Message], transport: Transport) -> Outcome:
    """Send messages, and return how that ended, whatever happens."""
    began = monotonic()
    try:
        return send(errand.endpoint, messages, transport)
    except Exception as error:
        # Whatever it is: without an outcome the deliveries would be attempted for ever, once a lease.
        log.exception("attempt disturbed", endpoint=errand.endpoint.id, message=messages[0].id)
        return Outcome(
            verdict=Verdict.FAILED, seconds=monotonic() - began, error=f"error of the sender: {type(error).__name__}"
        )
