"""Stores how errands of the sender ended."""

import random
from collections.abc import Iterable, Iterator, Sequence

from app.webhooks.delivery_queries import DeliveryQueries, Disabled, Result
from app.webhooks.domain import DeliveryState
from app.webhooks.messages import Outcome, Verdict
from app.webhooks.running import Done
from app.webhooks.schedule import Effect, Next, effect_of, next_of, together
from lib.transactions import Transaction

NOTHING_TO_TELL = Outcome(verdict=Verdict.FAILED, seconds=0.0, error="nothing is stored any more of what it is about")


def store(current: Transaction, done: Sequence[Done]) -> list[Disabled]:
    """Store how errands ended, and return the endpoints that are told no more."""
    queries = DeliveryQueries(current)
    endpoints = sorted({each.errand.endpoint.id for each in done})
    queries.lock_in_order(endpoints)
    queries.give_back([delivery_id for each in done for delivery_id in each.left])
    queries.finish([*_results(done)])
    return queries.note_effects(
        [
            (endpoint_id, together(effects))
            for endpoint_id in endpoints
            if (effects := [*_effects(each for each in done if each.errand.endpoint.id == endpoint_id)])
        ]
    )


def _results(done: Iterable[Done]) -> Iterator[Result]:
    for each in done:
        for attempt in each.attempts:
            for delivery in attempt.deliveries:
                if attempt.outcome is None:
                    dropped = Next(state=DeliveryState.DROPPED)
                    yield Result(delivery_id=delivery.id, outcome=NOTHING_TO_TELL, next=dropped)
                else:
                    following = next_of(delivery.attempts, attempt.outcome, random.random)
                    yield Result(delivery_id=delivery.id, outcome=attempt.outcome, next=following)


def _effects(done: Iterable[Done]) -> Iterator[Effect]:
    for each in done:
        for attempt in each.attempts:
            if attempt.outcome is not None:
                yield effect_of(min(delivery.attempts for delivery in attempt.deliveries), attempt.outcome)
