"""The engine: evaluates the rules of one edition on an event, or those of all editions in force in one call."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

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

    def evaluate(self, event: ActivityEvent, history: History) -> tuple[Match, ...]:
        """Return the rules that the player meets once the event has happened (A4), by code."""
        return evaluate(self.rules, event, history)


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
            yield rule_set, evaluate(rule_set.rules, event, history)


def evaluate(rules: Iterable[Rule], event: ActivityEvent, history: History) -> tuple[Match, ...]:
    """Return the rules that the player meets once the event has happened (A4), by code."""
    kind = event.type
    met = [match for rule in rules if kind in rule.evaluated_on and (match := rule.match(event, history)) is not None]
    if not met:
        return ()
    # Only now, since few events meet any rule.
    return tuple(sorted((match for match in met if match.rule.is_for(history.groups)), key=lambda match: match.code))


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
