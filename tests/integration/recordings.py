"""What tests of records share: facts and decisions that are right, and an application's records."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from apiflask import APIFlask

from app.cases import controllers
from app.cases.domain import Case
from app.cases.requests import CaseRef
from app.interactions import acting, reading, recording
from app.interactions.domain import Action, Decided, Facts, Interaction
from app.interactions.requests import ActionByHand, StepByPlatform, ToldAction, ToldInteraction
from app.interactions.services import RecordServices
from app.interactions.words import ActionKind, ActionStep, Answer, By, Channel, Directness
from app.staff.permissions import Actor, Permission
from lib.services import services_of
from tests.integration.casework import ROOT, Casework, casework_of, seen
from tests.integration.conftest import Sql

NOW = datetime.now(UTC)
SOON = NOW + timedelta(days=2)
CALL = Facts(
    occurred_at=NOW - timedelta(minutes=5),
    channel=Channel.PHONE,
    directness=Directness.DIRECT,
    reached=Answer.YES,
    said="We talked about the evening.",
    next_step="Call again",
    follow_up_due_at=SOON,
)
POP_UP = Facts(
    occurred_at=NOW, channel=Channel.POP_UP, directness=Directness.INDIRECT, template="think", template_version="3"
)
BLOCK = Decided(kind=ActionKind.DEPOSIT_BLOCK, by=By.PLATFORM, decided_at=NOW, reason="above the bound")
BY_HAND = ActionByHand(decided=BLOCK, next_step="Review it", follow_up_due_at=SOON)
PLATFORM = Actor(name="key:0123456789ab platform", permissions=frozenset({Permission.INTERACTIONS_WRITE}))
EXECUTED = StepByPlatform(step=ActionStep.EXECUTED, happened_at=NOW)
CONTESTED = StepByPlatform(step=ActionStep.CONTESTED, happened_at=NOW, text="It is my own money.")


class Records:
    """An application's records, beside its cases."""

    def __init__(self, app: APIFlask, sql: Sql) -> None:
        self.services = services_of(app, RecordServices)
        self.work: Casework = casework_of(app, sql)
        self.sql = sql

    def taken(self, who: Actor, user_id: int = 7, code: int = 30) -> Case:
        """Return a case in review, which this person has."""
        return controllers.take(self.work.services, who, seen(self.work.opened(user_id, code=code)))

    def call(self, who: Actor, case: Case, form: str | None = None, **changed: Any) -> Case:  # noqa: ANN401  # of facts
        """Record a call about a case."""
        return recording.record(self.services, who, CaseRef(case_id=case.id, form=form), replace(CALL, **changed))

    def pop_up(self, user_id: int = 7, external_id: str = "msg-1", **changed: Any) -> recording.Told:  # noqa: ANN401
        """Tell of a pop-up as a platform does."""
        told = ToldInteraction(external_id=external_id, user_id=user_id, facts=replace(POP_UP, **changed))
        return recording.tell(self.services, PLATFORM, told)

    def block(self, user_id: int = 7, external_id: str = "act-1", **changed: Any) -> acting.ToldOf:  # noqa: ANN401
        """Tell of a block as a platform does."""
        told = ToldAction(external_id=external_id, user_id=user_id, decided=replace(BLOCK, **changed))
        return acting.tell(self.services, PLATFORM, told)

    def newest(self, case: Case) -> Interaction:
        """Return the newest interaction of a case."""
        return reading.of_case(self.services, ROOT, case.id).interactions[0]

    def action(self, action_id: int) -> Action:
        return reading.action(self.services, ROOT, action_id)
