"""One player's life in any order (new, repeated, altered and late events, alone or two at once), against a model.

Hypothesis makes the steps up, and with E2E_SHRINK=1 looks for the fewest that fail. Nothing that it draws depends on
who wins a race, so the same seed is the same steps; the model takes either order of two events at once and goes on
from what happened.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from itertools import permutations

import httpx
from hypothesis import note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from e2e.concurrent import at_once
from e2e.hypothesis_settings import BOUNDED
from e2e.ledger import Ledger, outcome_of
from testkit.bodies import event_text
from testkit.oracle import Event, EventType
from testkit.service import SEED, Player

EXAMPLES = 40
STEPS = 30
PLAYERS = 2  # so that one's events could be counted as another's
BEGIN = 1_000  # the t of a first event, far enough from 0 for moments that no event has
OTHER: dict[EventType, EventType] = {"deposit": "withdraw", "withdraw": "deposit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An event to create, `gap` seconds after the latest one at that time."""

    type: EventType
    amount: str
    gap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How an event is written and where it goes: {0} is its amount, {1} the same by value without end zeros."""

    amount: str = '"{0}"'
    path: str = "/event"

    def body(self, event: Event) -> str:
        shortest = event.amount.rstrip("0").rstrip(".") if "." in event.amount else event.amount
        literal = self.amount.format(event.amount, shortest)
        return event_text(event.user_id, type=f'"{event.type}"', amount=literal, t=str(event.t))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that makes an event a different one: the other type, some cents more, or both; or no change."""

    type: bool = False
    cents: int = 0

    def of(self, event: Event) -> Event:
        amount = str(Decimal(event.amount) + Decimal(self.cents) / 100)
        return replace(event, type=OTHER[event.type] if self.type else event.type, amount=amount)


players = st.integers(0, PLAYERS - 1)
moves = st.builds(
    Move,
    type=st.sampled_from([*OTHER]),
    amount=st.sampled_from(["0.01", "66.67", "66.68", "80.00", "100.00", "100.01", "200.00", "200.01"]),
    gap=st.sampled_from([1, 2, 9, 10, 20, 29, 30, 31, 1_000, 10**12]),  # seconds; 30 is the edge of the window
)
writings = st.builds(
    Writing,
    amount=st.sampled_from(['"{0}"', "{0}", '"000{0}"', '"{1}"', "{1}"]),
    path=st.sampled_from(["/event", "/event/", "/api/events"]),
)
changes = st.sampled_from([Change(type=True), Change(cents=1), Change(type=True, cents=1)])
any_number = st.integers(0, 2**16)  # used modulo the number of choices, which may depend on a race
PLAIN = Writing()


@dataclass(slots=True, kw_only=True)
class PlayerModel:
    """A player, the events that must be stored, and the first answers."""

    player: Player
    ledger: Ledger = field(default_factory=Ledger)
    first_answers: dict[int, bytes] = field(default_factory=dict)

    def next_event(self, move: Move) -> Event:
        return self.player.event(move.type, move.amount, self.ledger.latest + move.gap)

    def late_event(self, move: Move, wish: int) -> Event:
        return self.player.event(move.type, move.amount, self.ledger.free_moment(wish))

    def stored_event(self, which: int) -> Event:
        return self.ledger.events[which % len(self.ledger.events)]

    def send(self, event: Event, writing: Writing = PLAIN) -> httpx.Response:
        return self.player.send_text(writing.body(event), path=writing.path)

    def send_alone(self, event: Event, writing: Writing = PLAIN) -> None:
        self.follow([(event, self.send(event, writing))])

    def send_at_once(self, *events: Event) -> None:
        responses = at_once([partial(self.send, event) for event in events])
        self.follow(list(zip(events, responses, strict=True)))

    def follow(self, answered: list[tuple[Event, httpx.Response]]) -> None:
        """Find an order that explains the answers by the contract, and continue from there."""
        told = [(event, outcome_of(response, event)) for event, response in answered]
        note(f"    {told}")
        for order in permutations(told):
            outcomes, ledger = self.ledger.take_all([event for event, _ in order])
            if outcomes == [outcome for _, outcome in order]:
                break
        else:
            expected = [self.ledger.take_all([event for event, _ in order])[0] for order in permutations(told)]
            raise AssertionError(f"{told} after {self.ledger.events[-5:]}; the contract has one of {expected}")
        self.ledger = ledger
        for event, response in answered:
            if response.status_code == 200:
                assert response.content == self.first_answers.setdefault(event.t, response.content), event


class LifeOfPlayers(RuleBasedStateMachine):
    """Each rule is something that a client may do at any time."""

    def __init__(self, new_player: Callable[[], Player]) -> None:
        super().__init__()
        self.models = [PlayerModel(player=new_player()) for _ in range(PLAYERS)]
        self.steps = 0

    @initialize(move=moves)
    def begin(self, move: Move) -> None:
        for model in self.models:
            model.send_alone(model.next_event(replace(move, gap=BEGIN)))

    @rule(n=players, move=moves, writing=writings)
    def next(self, n: int, move: Move, writing: Writing) -> None:
        model = self.models[n]
        model.send_alone(model.next_event(move), writing)

    @rule(n=players, move=moves, cents=st.integers(0, 1))
    def three_in_a_row(self, n: int, move: Move, cents: int) -> None:
        """Aim at streaks, which single steps would seldom reach."""
        model = self.models[n]
        for k in range(3):
            model.send_alone(Change(cents=k * cents).of(model.next_event(move)))

    @rule(n=players, which=any_number, writing=writings)
    def again(self, n: int, which: int, writing: Writing) -> None:
        model = self.models[n]
        model.send_alone(model.stored_event(which), writing)

    @rule(n=players, which=any_number, change=changes, writing=writings)
    def altered(self, n: int, which: int, change: Change, writing: Writing) -> None:
        model = self.models[n]
        model.send_alone(change.of(model.stored_event(which)), writing)

    @rule(n=players, move=moves, wish=any_number, writing=writings)
    def late(self, n: int, move: Move, wish: int, writing: Writing) -> None:
        model = self.models[n]
        model.send_alone(model.late_event(move, wish), writing)

    @rule(n=players, move=moves, copies=st.integers(2, 4))
    def the_same_at_once(self, n: int, move: Move, copies: int) -> None:
        model = self.models[n]
        model.send_at_once(*[model.next_event(move)] * copies)

    @rule(n=players, move=moves, other=moves)
    def two_next_at_once(self, n: int, move: Move, other: Move) -> None:
        model = self.models[n]
        model.send_at_once(model.next_event(move), model.next_event(other))

    @rule(n=players, move=moves, change=changes)
    def two_of_one_moment_at_once(self, n: int, move: Move, change: Change) -> None:
        model = self.models[n]
        event = model.next_event(move)
        model.send_at_once(event, change.of(event))

    @rule(n=players, move=moves, which=any_number, change=changes | st.just(Change()))
    def next_and_old_at_once(self, n: int, move: Move, which: int, change: Change) -> None:
        model = self.models[n]
        model.send_at_once(model.next_event(move), change.of(model.stored_event(which)))

    @rule(n=players, move=moves, late=moves, wish=any_number)
    def next_and_late_at_once(self, n: int, move: Move, late: Move, wish: int) -> None:
        model = self.models[n]
        model.send_at_once(model.next_event(move), model.late_event(late, wish))

    @invariant()
    def stored_events_keep_their_answers(self) -> None:
        """Look at one event of each player, another at every step; all of them would be too many."""
        self.steps += 1
        for model in self.models:
            if model.ledger.events:
                model.send_alone(model.stored_event(self.steps))


def test_any_order_of_events_is_answered_as_the_model_answers(new_player: Callable[[], Player]) -> None:
    bounds = settings(BOUNDED, max_examples=EXAMPLES, stateful_step_count=STEPS)
    life = seed(SEED)(partial(LifeOfPlayers, new_player))
    run_state_machine_as_test(life, settings=bounds)  # type: ignore[arg-type]  # any factory will do
