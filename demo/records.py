"""What the demo's team and platform record about customers: talks, pop-ups, automated actions and their reviews."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from app.cases.domain import Case
from app.cases.requests import CaseRef
from app.interactions import acting, action_steps, evaluating, reading, recording
from app.interactions.domain import Decided, Facts
from app.interactions.requests import Concluding, Judgement, RecordsQuery, StepByPlatform, ToldAction, ToldInteraction
from app.interactions.words import (
    ActionKind,
    ActionStep,
    Answer,
    By,
    Channel,
    Concern,
    Directness,
    Offer,
    Response,
    Review,
    Source,
    Verdict,
)
from app.staff.permissions import Actor, Permission
from demo import notes
from demo.people import MARIA, OMAR, RUTH
from demo.site import ROOT, Site
from demo.staffing import Team

PLATFORM = Actor(name="the platform", permissions=frozenset({Permission.INTERACTIONS_WRITE}))
FOLLOW_UPS = (1, 2, 3, 7)  # days


def talk(site: Site, random: Random, who: Actor, case: Case, said: str) -> None:
    """Record a talk with a customer."""
    facts = Facts(
        occurred_at=datetime.now(UTC),
        channel=random.choice((Channel.PHONE, Channel.PHONE, Channel.CHAT)),
        directness=Directness.DIRECT,
        reached=Answer.YES,
        concern=random.choice([*Concern]),
        sources=(Source.ACTIVITY, Source.EARLIER_CASES),
        said=said,
        response=random.choice((Response.ACCEPTED, Response.EXPLAINED, Response.REFUSED)),
        understood=Answer.YES,
        offered=(Offer.DEPOSIT_LIMIT, Offer.TIME_OUT),
        accepted=random.choice(((), (Offer.DEPOSIT_LIMIT,))),
        told_of_contest=True,
        next_step=random.choice(notes.NEXT_STEPS),
        follow_up_due_at=datetime.now(UTC) + timedelta(days=random.choice(FOLLOW_UPS)),
    )
    recording.record(site.records, who, CaseRef(case_id=case.id), facts)


def try_in_vain(site: Site, random: Random, who: Actor, case: Case) -> None:
    """Record a call that nobody answered."""
    facts = Facts(
        occurred_at=datetime.now(UTC),
        channel=Channel.PHONE,
        directness=Directness.DIRECT,
        reached=Answer.NO,
        said="No answer. Left a message without details.",
        next_step="Call again, at another time of day.",
        follow_up_due_at=datetime.now(UTC) + timedelta(days=random.choice(FOLLOW_UPS)),
    )
    recording.record(site.records, who, CaseRef(case_id=case.id), facts)


def tell(site: Site, team: Team, cases: Sequence[Case]) -> None:
    """Let the platform tell of pop-ups and of actions about these cases, which the leads review in part."""
    for number, case in enumerate(cases[:12]):
        _pop_up(site, number, case)
    for number, case in enumerate(cases[:8]):
        _act(site, team, number, case)


def _pop_up(site: Site, number: int, case: Case) -> None:
    facts = Facts(
        occurred_at=datetime.now(UTC),
        channel=Channel.POP_UP,
        directness=Directness.INDIRECT,
        template="time-to-think",
        template_version="3",
    )
    told = ToldInteraction(external_id=f"message-{number}", user_id=case.user_id, facts=facts)
    recording.tell(site.records, PLATFORM, told)


def _act(site: Site, team: Team, number: int, case: Case) -> None:
    """Take an action as far as its number says: decided, executed, told, reviewed, contested, decided again."""
    now, services = datetime.now(UTC), site.records
    kind = (ActionKind.DEPOSIT_BLOCK, ActionKind.MARKETING_STOP, ActionKind.ACCOUNT_BLOCKED)[number % 3]
    decided = Decided(kind=kind, by=By.PLATFORM, decided_at=now, reason=notes.AUTOMATED, codes=case.codes[:3])
    told = ToldAction(external_id=f"action-{number}", user_id=case.user_id, decided=decided)
    action = acting.tell(services, PLATFORM, told).action
    happened = {
        ActionStep.EXECUTED: number > 0,
        ActionStep.CUSTOMER_TOLD: number > 1,
        ActionStep.CONTESTED: number in {3, 5, 6},
    }
    for step, did in happened.items():
        if did:
            text = notes.CONTEST if step is ActionStep.CONTESTED else ""
            action_steps.step(services, PLATFORM, action.id, StepByPlatform(step=step, happened_at=now, text=text))
    if number > 3:  # noqa: PLR2004  # those before wait for their review
        review = Judgement(review=(Review.UPHELD, Review.CHANGED)[number % 2], reason=notes.REVIEWED)
        action_steps.review(services, team[RUTH.key], action.id, review)
    if number == 6:  # noqa: PLR2004  # whose contest is decided; that of 5 waits
        lifted = Judgement(review=Review.LIFTED, reason=notes.LIFTED)
        action_steps.decide_contest(services, team[OMAR.key], action.id, lifted)


def evaluate(site: Site, team: Team) -> None:
    """Decide about the first evaluations, each with another verdict."""
    found, _ = reading.evaluations(site.records, ROOT, RecordsQuery(limit=4))
    for evaluation, verdict in zip(found, (Verdict.IMPROVED, Verdict.UNCHANGED, Verdict.STOPPED), strict=False):
        concluding = Concluding(verdict=verdict, reason=notes.VERDICTS[verdict.value])
        evaluating.conclude(site.records, team[MARIA.key], evaluation.id, concluding)
