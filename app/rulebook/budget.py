"""The most that one event can cost under an edition, computed from its rules, and how much is allowed (A48).

Every rule that is met writes an alert with its evidence, whether its edition is live or in the shadow. Without a bound,
the author of rules could make events as expensive as they like: 100 rules that were always met wrote 148 KB an event,
and took three quarters of what the service could do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.rules.event import EventType
from app.rules.limits import MAX_MOMENTS
from app.rules.rule import Rule
from app.rules.wording import NOUNS

MAX_EVIDENCE = 64 * 1024  # bytes
MAX_STATEMENTS = 100  # that store an alert, or look up the events of a long window for one
MOMENT = 11  # bytes of a `t` in Unix time and its comma
OVERHEAD = 250  # bytes of names, values, and a sentence with amounts of 12 digits
USUAL_TERMS = 50  # characters of a rule's terms in words, which the overhead includes
AMOUNT = 19  # bytes of such an amount in the sentence of a rising streak
MAX_LISTED = 5  # rules that a refusal names


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The most that an event of a type can cost: bytes of evidence by code, and statements."""

    on: EventType
    evidence_of: Mapping[int, int]
    statements: int

    @property
    def evidence(self) -> int:
        """The bytes of evidence of all rules together."""
        return sum(self.evidence_of.values())

    @property
    def over_budget(self) -> bool:
        """True if this exceeds what an edition may cost."""
        return self.evidence > MAX_EVIDENCE or self.statements > MAX_STATEMENTS

    def __str__(self) -> str:
        """Say what it costs and how to reduce that, naming the rules that cost most."""
        costly = sorted(self.evidence_of, key=lambda code: (-self.evidence_of[code], code))
        listed = ", ".join(f"{code} ({_kilobytes(self.evidence_of[code])})" for code in costly[:MAX_LISTED])
        more = f" and {len(costly) - MAX_LISTED} more" if len(costly) > MAX_LISTED else ""
        return (
            f"A {NOUNS[self.on]} could cost {_kilobytes(self.evidence)} of evidence and {self.statements} statements, "
            f"if it met all rules; an edition may cost {_kilobytes(MAX_EVIDENCE)} and {MAX_STATEMENTS}. Remove or "
            f"shorten (a smaller count, fewer seconds) the rules that cost most: {listed}{more}."
        )


def max_cost(rules: Sequence[Rule]) -> Cost:
    """Return the cost of the most expensive type of event."""
    return max(
        (_cost(rules, on) for on in EventType), key=lambda cost: (cost.over_budget, cost.evidence, cost.statements)
    )


def _cost(rules: Sequence[Rule], on: EventType) -> Cost:
    met = [rule for rule in rules if on in rule.evaluated_on and on in rule.met_by]
    looked_up = {window for rule in met for window in rule.needs(on).sums}
    evidence = {rule.code: _evidence(rule) for rule in met}
    return Cost(on=on, evidence_of=evidence, statements=len(met) + len(looked_up))


def _evidence(rule: Rule) -> int:
    """Return the most bytes that a rule can write."""
    words = 2 * max(len(rule.terms) - USUAL_TERMS, 0)  # a sentence names a long window as the terms do
    return OVERHEAD + words + AMOUNT * rule.max_amounts_listed + MOMENT * min(rule.max_events, MAX_MOMENTS)


def _kilobytes(number: int) -> str:
    return f"{number / 1024:.1f} KB"
