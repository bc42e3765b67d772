"""The engine: evaluates the rules of one edition on an event, or those of all editions in force in one call."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds
from app.rules.rule import Match, Rule

FOR_GROUPS = HistoryNeeds(groups=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules of an edition; those in the shadow are evaluated like the live ones, but never answered to clients."""

    edition: int
    rules: Sequence[Rule]
    shadow: bool = False
    _may_be_met: Mapping[EventType, Sequence[Rule]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Chosen once: an event of each type can meet only some of the rules.
        by_type = {kind: [rule for rule in self.rules if kind in rule.met_by] for kind in EventType}
        object.__setattr__(self, "_may_be_met", by_type)

    def evaluate(self, event: ActivityEvent, history: History) -> tuple[Match, ...]:
        """Return the rules that the player meets once the event has happened (A4), by code."""
        return evaluate(self._may_be_met[event.type], event, history)


Verdict = tuple[RuleSet, Sequence[Match]]  # an edition, and which of its rules the event meets


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluator:
    """The rule sets in force. It never changes, so no event is evaluated by a mixture of editions.

    The live rule set comes first. `needs` is the history to read for an event of each type.
    """

    rule_sets: Sequence[RuleSet]
    needs: Mapping[EventType, HistoryNeeds]

    @classmethod
    def of(cls, *rule_sets: RuleSet) -> "Evaluator":
        """Make an evaluator; the history that it needs follows from the rules of all the sets."""
        rules = [rule for each in rule_sets for rule in each.rules]
        return cls(rule_sets=rule_sets, needs={kind: needs_of(rules, kind) for kind in EventType})

    def evaluate(self, event: ActivityEvent, history: History) -> Iterator[Verdict]:
        """Evaluate each rule set, the live one first; a set is evaluated only when its verdict is consumed."""
        for rule_set in self.rule_sets:
            yield rule_set, rule_set.evaluate(event, history)


def evaluate(rules: Iterable[Rule], event: ActivityEvent, history: History) -> tuple[Match, ...]:
    """Return the rules that the player meets once the event has happened (A4), by code."""
    kind, met = event.type, []
    for rule in rules:
        # Groups come last, since few events meet any rule.
        if (
            kind in rule.evaluated_on
            and (match := rule.match(event, history)) is not None
            and rule.is_for(history.groups)
        ):
            met.append(match)  # noqa: PERF401  # a comprehension costs every event one more call
    if len(met) > 1:
        met.sort(key=attrgetter("rule.code"))
    return tuple(met)


def needs_of(rules: Iterable[Rule], on: EventType) -> HistoryNeeds:
    """Return the history that the rules together read to evaluate an event of type `on`.

    Groups are needed whatever the type if any rule is for some: the event may be amended to another type later.
    """
    needs = HistoryNeeds()
    for rule in rules:
        if on in rule.evaluated_on:
            needs |= rule.needs(on)
        if rule.names_groups:
            needs |= FOR_GROUPS
    return needs
