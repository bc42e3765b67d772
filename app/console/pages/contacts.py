"""What was recorded beside cases about a customer: interactions, actions and evaluations, as one list."""

from collections.abc import Iterator, Sequence
from operator import attrgetter

from app.console.pages.record_words import name
from app.customers.domain import Contact
from app.interactions.domain import Action, Evaluation, Interaction
from app.interactions.queries import ActionQueries, EvaluationQueries, InteractionQueries
from app.interactions.words import Answer, Channel
from lib.transactions import Transaction

INTERACTION, ACTION, EVALUATION = "/console/interactions", "/console/actions", "/console/evaluations"


def contacts_of(transaction: Transaction, user_id: int, most: int) -> Sequence[Contact]:
    """Return the newest records about a customer, newest first, at most so many; corrected ones are left out."""
    found = [
        *map(_of_interaction, _valid(InteractionQueries(transaction).newest(user_id, most))),
        *map(_of_action, ActionQueries(transaction).newest(user_id, most)),
        *map(_of_evaluation, EvaluationQueries(transaction).newest(user_id, most)),
    ]
    return sorted(found, key=attrgetter("at"), reverse=True)[:most]


def _valid(found: Sequence[Interaction]) -> Iterator[Interaction]:
    return (each for each in found if each.corrected_by is None)


def _of_interaction(found: Interaction) -> Contact:
    facts = found.facts
    missed = ", not reached" if facts.reached is Answer.NO and facts.channel is not Channel.NONE else ""
    return Contact(
        at=facts.occurred_at,
        title=f"{name(facts.channel)}{missed}",
        detail=facts.said or facts.not_contacted_reason or facts.prompt,
        by=found.who,
        href=f"{INTERACTION}/{found.id}",
    )


def _of_action(found: Action) -> Contact:
    title = name(found.decided.kind)
    return Contact(
        at=found.decided.decided_at,
        title=f"{title} (automated)" if found.is_automated else title,
        detail=found.decided.reason,
        by=found.who,
        href=f"{ACTION}/{found.id}",
    )


def _of_evaluation(found: Evaluation) -> Contact:
    verdict = name(found.conclusion.verdict) if found.conclusion else "not decided yet"
    return Contact(
        at=found.made_at,
        title=f"Evaluation: {verdict.lower()}",
        detail=found.expected,
        by=found.who,
        href=f"{EVALUATION}/{found.id}",
    )
