"""What one event can cost by an edition, worked out from its rules, and how much that may be (A48).

Every rule that is met writes an alert with its evidence, whether its edition is live or in the shadow. What a player's
event costs must not be for the author of rules to say without a bound: 100 rules that were always met wrote 148 KB an
event, and took three quarters of what the service could do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.alerts.domain import MOST_MOMENTS
from app.rules.event import EventType
from app.rules.rule import Rule

MOST_EVIDENCE = 64 * 1024  # bytes
MOST_STATEMENTS = 100  # that write alerts, or look up the events of a long window for one
MOMENT = 11  # bytes of a `t` in Unix time and its comma
AROUND = 250  # bytes of names, values, and a sentence with amounts of 12 digits
AMOUNT = 19  # bytes of such an amount in the sentence of a rise
MOST_LISTED = 5  # rules that a refusal names


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an event of a type can cost at most: bytes of evidence by code, and statements."""

    on: EventType
    evidence_of: Mapping[int, int]
    statements: int

    @property
    def evidence(self) -> int:
        """The bytes of all rules together."""
        return sum(self.evidence_of.values())

    @property
    def too_much(self) -> bool:
        """True where an edition may not cost that."""
        return self.evidence > MOST_EVIDENCE or self.statements > MOST_STATEMENTS

    def __str__(self) -> str:
        """Say what it costs and how to have it cost less, naming the rules that cost most."""
        costly = sorted(self.evidence_of, key=lambda code: (-self.evidence_of[code], code))
        listed = ", ".join(f"{code} ({_kilobytes(self.evidence_of[code])})" for code in costly[:MOST_LISTED])
        more = f" and {len(costly) - MOST_LISTED} more" if len(costly) > MOST_LISTED else ""
        return (
            f"Can cost a {self.on} {_kilobytes(self.evidence)} of evidence and {self.statements} statements, where all "
            f"its rules are met; an edition may cost {_kilobytes(MOST_EVIDENCE)} and {MOST_STATEMENTS}. Leave out or "
            f"shorten (a smaller count, fewer seconds) the rules that cost most: {listed}{more}."
        )


def dearest(rules: Sequence[Rule]) -> Cost:
    """Return what the type of event costs at most that costs most."""
    return max((_cost(rules, on) for on in EventType), key=lambda cost: (cost.too_much, cost.evidence, cost.statements))


def _cost(rules: Sequence[Rule], on: EventType) -> Cost:
    met = [rule for rule in rules if on in rule.evaluated_on and on in rule.met_by]
    looked_up = {window for rule in met for window in rule.needs(on).sums}
    evidence = {rule.code: _evidence(rule) for rule in met}
    return Cost(on=on, evidence_of=evidence, statements=len(met) + len(looked_up))


def _evidence(rule: Rule) -> int:
    """Return how many bytes a rule writes at most."""
    return AROUND + AMOUNT * rule.max_amounts_told + MOMENT * min(rule.max_events, MOST_MOMENTS)


def _kilobytes(number: int) -> str:
    return f"{number / 1024:.1f} KB"
