"""The engine: judges an event by the rules of one edition, or by all editions in force in one call."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds
from app.rules.rule import Match, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules of an edition; those in the shadow judge as the live ones do, and are not answered."""

    edition: int
    rules: Sequence[Rule]
    shadow: bool = False

    def evaluate(self, event: ActivityEvent, history: History) -> tuple[Match, ...]:
        """Return the rules that the player meets once the event has happened (A4), codes ascending."""
        return evaluate(self.rules, event, history)


Verdict = tuple[RuleSet, Sequence[Match]]  # an edition, and what of it an event meets


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluator:
    """Put together once for the editions in force, and never changed: no event is judged by a mixture.

    The live rule set is the first one. `needs` says what history an event of each type is judged with.
    """

    rule_sets: Sequence[RuleSet]
    needs: Mapping[EventType, HistoryNeeds]

    @classmethod
    def of(cls, *rule_sets: RuleSet) -> "Evaluator":
        """Make the evaluator of the editions; what history to read follows from the rules of all."""
        rules = [rule for each in rule_sets for rule in each.rules]
        return cls(rule_sets=rule_sets, needs={kind: needs_of(rules, kind) for kind in EventType})

    def evaluate(self, event: ActivityEvent, history: History) -> Iterator[Verdict]:
        """Judge an event by all editions, the live one first; each judges when its verdict is asked for."""
        for rule_set in self.rule_sets:
            yield rule_set, evaluate(rule_set.rules, event, history)


def evaluate(rules: Iterable[Rule], event: ActivityEvent, history: History) -> tuple[Match, ...]:
    """Judge one event: the rules that the player meets once it has happened (A4), codes ascending."""
    kind = event.type
    met = [match for rule in rules if kind in rule.evaluated_on and (match := rule.match(event, history)) is not None]
    return tuple(sorted(met, key=lambda match: match.code)) if met else ()


def needs_of(rules: Iterable[Rule], on: EventType) -> HistoryNeeds:
    """Tell what history all the rules together read when an event of type `on` is judged."""
    needs = HistoryNeeds()
    for rule in rules:
        if on in rule.evaluated_on:
            needs |= rule.needs(on)
    return needs
