"""Who judges an event: the rules of one edition, with another in its shadow if there is one, and what they must know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.events.domain import ActivityEvent, EventType, History
from app.events.queries import HistoryQuestion
from app.events.rules import Alert, Rule, evaluate, needs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules of an edition."""

    edition: int
    rules: Sequence[Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Put together once for the editions in force, and never changed: no event is judged by a mixture."""

    live: RuleSet
    shadow: RuleSet | None
    questions: Mapping[EventType, HistoryQuestion]

    @classmethod
    def of(cls, live: RuleSet, shadow: RuleSet | None = None) -> "Judge":
        """Make the judge of the editions; what history to read follows from the rules of both."""
        rules = (*live.rules, *(shadow.rules if shadow else ()))
        name = f"history_{live.edition}_{shadow.edition if shadow else 0}"
        questions = {kind: HistoryQuestion(f"{name}_{kind}", needs_of(rules, kind)) for kind in EventType}
        return cls(live=live, shadow=shadow, questions=questions)

    def judge(self, event: ActivityEvent, history: History) -> tuple[Alert, ...]:
        """Return the alerts of the live edition."""
        return evaluate(self.live.rules, event, history)

    def judge_in_shadow(self, event: ActivityEvent, history: History) -> tuple[Alert, ...]:
        """Return those of the edition in the shadow, by the same function."""
        return evaluate(self.shadow.rules, event, history) if self.shadow else ()
