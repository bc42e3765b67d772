"""Who judges an event: the rules of one edition, with another in its shadow if there is one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.events.domain import ActivityEvent, EventType, History
from app.events.queries import HistoryQuestion
from app.events.rules import Alert, Rule, evaluate, needs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules of an edition; those in the shadow judge as the live ones do, and are not answered."""

    edition: int
    rules: Sequence[Rule]
    shadow: bool = False

    def judge(self, event: ActivityEvent, history: History) -> tuple[Alert, ...]:
        """Return the alerts that these rules raise."""
        return evaluate(self.rules, event, history)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Put together once for the editions in force, and never changed: no event is judged by a mixture.

    The live rule set is the first one. `spent` is told how many CPU seconds the others took for an event.
    """

    rule_sets: Sequence[RuleSet]
    questions: Mapping[EventType, HistoryQuestion]
    spent: Callable[[float], None] = lambda _: None

    @classmethod
    def of(cls, *rule_sets: RuleSet, spent: Callable[[float], None] = lambda _: None) -> "Judge":
        """Make the judge of the editions; what history to read follows from the rules of all."""
        rules = [rule for each in rule_sets for rule in each.rules]
        editions = "_".join(str(each.edition) for each in rule_sets)
        questions = {
            kind: HistoryQuestion(f"history_{editions}_{kind}", needs_of(rules, kind), version=editions)
            for kind in EventType
        }
        return cls(rule_sets=rule_sets, questions=questions, spent=spent)
