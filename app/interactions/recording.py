"""The use cases of interactions: a person records or corrects one, a platform tells of one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.cases import recorded
from app.cases.alert_queries import AlertQueries
from app.cases.domain import Case, Change, Status, Step
from app.cases.queries import CaseQueries, JournalQueries
from app.cases.requests import CaseRef
from app.cases.stepping import take_step
from app.interactions.behaviour import behaviour_at
from app.interactions.checks import check_facts, check_texts
from app.interactions.digests import digest_of
from app.interactions.domain import Facts, Interaction
from app.interactions.queries import InteractionQueries
from app.interactions.refusals import AlreadyCorrected, IdTaken, NoSuchInteraction, WrongRecord
from app.interactions.requests import ToldInteraction
from app.interactions.rows import Values, values_of_facts
from app.interactions.services import RecordServices
from app.interactions.words import By
from app.staff.permissions import Actor, Permission
from lib.transactions import Transaction

MAX_PROMPT = 20  # alerts that an interaction names by itself


@dataclass(frozen=True, slots=True)
class Told:
    """What a platform has told of, and whether it had done so before."""

    interaction: Interaction
    is_replay: bool


def record(services: RecordServices, actor: Actor, ref: CaseRef, facts: Facts) -> Case:
    """Record an interaction about a case, with what the player did before it; a form sent twice is one record.

    Without others it names the newest alerts of the case. In review, a case needs a next step and a date for it, when
    it is due again. Raises `WrongRecord`, `WrongState`,
    `CaseMoved` or `NoSuchCase`.
    """
    actor.require(Permission.INTERACTIONS_WRITE)

    def decide(current: Transaction, case: Case, now: datetime) -> Change:
        check_facts(facts, now, needs_next_step=case.status is Status.IN_REVIEW)
        prompted = replace(facts, prompt_alerts=facts.prompt_alerts or _newest_alerts(current, case.id))
        return recorded.by_person(
            case,
            Step.INTERACTION,
            now,
            detail=_stored(services, current, _about(case, actor, now), prompted),
            note=facts.next_step,
            follow_up=facts.follow_up_due_at,
        )

    return take_step(services.cases, actor, ref, decide)


def correct(services: RecordServices, actor: Actor, interaction_id: int, facts: Facts, reason: str) -> Interaction:
    """Replace an interaction by a new record, which keeps what the player did before the first one.

    A case neither changes its state nor when it is due. The same correction sent again by the same person is one.
    Raises `NoSuchInteraction`, `AlreadyCorrected` or `WrongRecord`.
    """
    actor.require(Permission.INTERACTIONS_WRITE)
    with services.cases.database.transaction() as current:
        queries = InteractionQueries(current)
        wrong = existing(queries, interaction_id)
        case = CaseQueries(current).one(wrong.case_id, lock=True) if wrong.case_id else None
        now, wrong = CaseQueries(current).now(), existing(queries, interaction_id)
        if wrong.corrected_by:
            return _unless_other(existing(queries, wrong.corrected_by), actor, facts, reason.strip())
        check_facts(facts, now, needs_next_step=False)
        _check_reason(reason)
        values = {
            **_values(wrong.user_id, wrong.case_id, actor, now),
            **values_of_facts(facts),
            "by": wrong.by.value,
            "corrects_id": wrong.id,
            "correction_reason": reason.strip(),
            "behaviour": dict(wrong.behaviour),
        }
        added = queries.add(values)
        if added is None:  # by somebody at this very moment, of an interaction without a case
            current.rollback()
            raise AlreadyCorrected(wrong.id)
        new_id, digest = added
        if case:
            detail = {"interaction": new_id, "corrects": wrong.id, "digest": digest}
            change = recorded.by_platform(case, Step.INTERACTION, detail=detail, note=reason.strip())
            JournalQueries(current).add(change, actor, now)
            CaseQueries(current).save(change.case)
        corrected = existing(queries, new_id)
        current.commit()
    return corrected


def tell(services: RecordServices, actor: Actor, told: ToldInteraction) -> Told:
    """Record an interaction that a platform sent by itself, once for its id; it belongs to the player's open case.

    Raises `WrongRecord`, or `IdTaken` if another body came under the id.
    """
    actor.require(Permission.INTERACTIONS_WRITE)
    given = digest_of({"user_id": told.user_id, **values_of_facts(told.facts)})
    with services.cases.database.transaction() as current:
        queries, cases = InteractionQueries(current), CaseQueries(current)
        if before := queries.told(told.external_id):
            return _again(before, told.external_id, given)
        now = cases.now()
        check_facts(told.facts, now, needs_next_step=False)
        case = cases.open_of([told.user_id], lock=True).get(told.user_id)
        values = {
            **_values(told.user_id, case.id if case else None, actor, now),
            **values_of_facts(told.facts),
            "by": By.PLATFORM.value,
            "external_id": told.external_id,
            "given_digest": given,
            "behaviour": dict(behaviour_at(services.play, current, told.user_id, told.facts.occurred_at)),
        }
        if added := queries.add(values):
            if case:
                detail = {"interaction": added[0], "digest": added[1]}
                change = recorded.by_platform(case, Step.INTERACTION, detail=detail)
                JournalQueries(current).add(change, actor, now)
                cases.save(change.case)
            made = existing(queries, added[0])
            current.commit()
            return Told(made, is_replay=False)
        current.rollback()
    with services.cases.database.transaction(trial=True) as current:  # told at this very moment
        found = InteractionQueries(current).told(told.external_id)
    assert found is not None  # noqa: S101  # a row is never removed
    return _again(found, told.external_id, given)


def existing(queries: InteractionQueries, interaction_id: int) -> Interaction:
    """Return an interaction; raises `NoSuchInteraction`."""
    found = queries.one(interaction_id)
    if found is None:
        raise NoSuchInteraction(interaction_id)
    return found


def _newest_alerts(current: Transaction, case_id: int) -> tuple[int, ...]:
    return tuple(alert.number for alert in AlertQueries(current).of_case(case_id)[:MAX_PROMPT])


def _about(case: Case, actor: Actor, now: datetime) -> Values:
    return {**_values(case.user_id, case.id, actor, now), "by": By.STAFF.value}


def _values(user_id: int, case_id: int | None, actor: Actor, now: datetime) -> Values:
    return {
        "user_id": user_id,
        "case_id": case_id,
        "corrects_id": None,
        "correction_reason": "",
        "external_id": None,
        "given_digest": None,
        "who": actor.name,
        "staff_id": actor.staff_id,
        "recorded_at": now,
    }


def _stored(services: RecordServices, current: Transaction, values: Values, facts: Facts) -> Mapping[str, Any]:
    """Store an interaction of a person; return what the journal says of it."""
    behaviour = behaviour_at(services.play, current, values["user_id"], facts.occurred_at)
    added = InteractionQueries(current).add({**values, **values_of_facts(facts), "behaviour": dict(behaviour)})
    assert added is not None  # noqa: S101  # nothing of it is unique
    return {"interaction": added[0], "channel": facts.channel.value, "digest": added[1]}


def _check_reason(reason: str) -> None:
    check_texts(correction_reason=reason)
    if not reason.strip():
        raise WrongRecord({"correction_reason": ["Say what was wrong."]})


def _unless_other(correction: Interaction, actor: Actor, facts: Facts, reason: str) -> Interaction:
    same = (correction.staff_id, correction.facts, correction.correction_reason) == (actor.staff_id, facts, reason)
    if not same:
        raise AlreadyCorrected(correction.corrects_id or 0)
    return correction


def _again(before: tuple[Interaction, str], external_id: str, given: str) -> Told:
    interaction, digest = before
    if digest != given:
        raise IdTaken(external_id)
    return Told(interaction, is_replay=True)
