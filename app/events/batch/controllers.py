"""The use case of a batch (A50): events are decided many at a time where they are plain, and one by one where not."""

import time
from collections.abc import Callable, Sequence

import psycopg2

from app.events.batch.domain import Result, Sent, first_chunk
from app.events.batch.queries import LOCK_TIMEOUT
from app.events.batch.together import Players, decide_together, first_decisions, plain_players
from app.events.controllers import record_event
from app.events.domain import Decision, EventOrder, EventRefused
from app.events.services import EventServices
from app.rules.engine import Evaluator
from app.rules.event import ActivityEvent
from lib.database_errors import Locked, Unavailable
from lib.logs import get_logger

MAX_TIME = 8.0  # seconds for a batch, time for a thousand events one by one; a proxy may wait no longer than 10
ROUNDS = 2  # attempts to decide a chunk together, each without the players who spoiled the one before

log = get_logger()

Tell = Callable[[int, Result], None]


def record_events(services: EventServices, sent: Sequence[Sent], key_id: int | None, tell: Tell) -> None:
    """Decide and store events as if each player's had been sent one by one, in their order.

    `tell` is called with the place of each event and its decision or refusal, once that is final. Raises `Unavailable`
    if not all of them could be decided: those that were told are stored, and are replayed when all are sent again.
    """
    Batch(services, key_id, tell).record(sent)


class Batch:
    """The events of one request."""

    def __init__(self, services: EventServices, key_id: int | None, tell: Tell) -> None:
        self._services, self._key_id, self._tell = services, key_id, tell
        self._until = time.monotonic() + MAX_TIME

    def record(self, sent: Sequence[Sent]) -> None:
        """Decide all events, a chunk at a time."""
        if self._services.policy.order is EventOrder.SYSTEM:
            self._services.system_clock.start()
        looked_up = False
        while sent:
            evaluator = self._services.rule_book.current()
            by_user = self._services.policy.order is EventOrder.USER
            chunk, sent = first_chunk(sent, once_each=by_user and _adds_up(evaluator))
            if self._record(evaluator, chunk) and not looked_up:
                # The request is probably sent again after a 503. With sums a chunk may be a single event, so that
                # replaying one after the other could take as long as storing them did, and end at the same event.
                sent, looked_up = self._replay(sent), True

    def _record(self, evaluator: Evaluator, chunk: Sequence[Sent]) -> bool:
        """Decide the events of a chunk; return whether any of them was stored already."""
        self._check_time()
        rest = self._decide_plain(evaluator, chunk)
        new = self._replay(rest)
        replayed = len(new) < len(rest)
        if replayed:  # sent again after a 503, perhaps: what is new may be plain without the replays
            new = self._decide_plain(evaluator, new)
        for place, event in new:
            self._check_time()
            self._tell(place, self._decide_alone(evaluator, event))
        return replayed

    def _decide_plain(self, evaluator: Evaluator, sent: Sequence[Sent]) -> list[Sent]:
        """Decide the events of players for whom this is possible together; return the others."""
        decisions = self._decide_together(evaluator, [event for _, event in sent])
        decided = {user_id: iter(of_player) for user_id, of_player in decisions.items()}
        for place, event in sent:
            if event.user_id in decided:
                self._tell(place, next(decided[event.user_id]))
        return [each for each in sent if each[1].user_id not in decided]

    def _replay(self, sent: Sequence[Sent]) -> list[Sent]:
        """Answer the events that are stored already with their first decisions; return the others."""
        if not sent:
            return []
        find = [event for _, event in sent]
        known = self._services.database.run(lambda current: first_decisions(current, find))
        for place, event in sent:
            if event in known:
                self._tell(place, known[event])
        return [each for each in sent if each[1] not in known]

    def _decide_together(self, evaluator: Evaluator, events: Sequence[ActivityEvent]) -> dict[int, Sequence[Decision]]:
        """Return the decisions on the events of players for whom this is possible, by player."""
        players = plain_players(self._services.policy, events)
        if _adds_up(evaluator) and any(len(of_player) > 1 for of_player in players.values()):
            return {}  # `first_chunk` leaves only one of each, unless they are in the system's order
        for _ in range(ROUNDS):
            if not players or not self._services.player_locks.acquire_all([*players], LOCK_TIMEOUT):
                break
            try:
                decisions, spoiled = self._try_together(evaluator, players)
            finally:
                self._services.player_locks.release_all([*players])
            if not spoiled:
                return decisions
            if self._services.policy.order is EventOrder.SYSTEM:
                break
            players = {user_id: of_player for user_id, of_player in players.items() if user_id not in spoiled}
        return {}

    def _try_together(
        self, evaluator: Evaluator, players: Players
    ) -> tuple[dict[int, Sequence[Decision]], frozenset[int]]:
        """Decide in one transaction; if that fails, each event shows by itself what is wrong with it."""
        services = self._services
        try:
            outcome = services.database.run(
                lambda current: decide_together(current, services.policy, evaluator, players, self._key_id)
            )
        except (Locked, psycopg2.Error) as error:
            log.warning("batch taken one by one", cause=str(error).strip())
            return {}, frozenset()
        return dict(outcome.decisions), outcome.must_not_stand

    def _decide_alone(self, evaluator: Evaluator, event: ActivityEvent) -> Result:
        locks = self._services.player_locks
        if not locks.acquire_all([event.user_id]):
            raise Unavailable(f"player {event.user_id} stays locked")
        try:
            return record_event(self._services, evaluator, event, self._key_id)
        except EventRefused as refusal:
            return refusal
        finally:
            locks.release(event.user_id)

    def _check_time(self) -> None:
        if time.monotonic() > self._until:
            raise Unavailable(f"the batch took more than {MAX_TIME:.0f} s")


def _adds_up(evaluator: Evaluator) -> bool:
    """Return whether rules need sums of long windows: the database adds them up for one event of a player at a time."""
    return any(needs.sums for needs in evaluator.needs.values())
