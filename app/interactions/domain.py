"""Interactions, actions and evaluations, as plain values; none is ever changed, and a correction is a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from app.interactions.words import (
    ActionKind,
    ActionStep,
    Answer,
    By,
    Channel,
    Concern,
    Directness,
    Offer,
    Period,
    Response,
    Review,
    Source,
    Verdict,
)

MAX_TEXT, MAX_LINE = 4_000, 200  # characters
DIRECT = frozenset({Channel.PHONE, Channel.CHAT})  # ways in which people speak with each other

Behaviour = Mapping[str, Any]  # what a player did before a moment, as JSON: `app.interactions.behaviour`


class RecordKind(StrEnum):
    """The kinds of record about a player."""

    INTERACTION = "interaction"
    ACTION = "action"
    EVALUATION = "evaluation"


class Recorded(NamedTuple):
    """A record in few words: its channel, action or verdict, what was said or why, and by whom.

    `is_marked`: nobody was reached, or no person decided.
    """

    kind: RecordKind
    id: int
    at: datetime
    word: str
    is_marked: bool
    detail: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What somebody says about an interaction (UK LCCP SR 3.4.3).

    `attempt` counts the attempts to reach the player. `prompt` is why it took place, and `prompt_alerts` are numbers of
    alerts in the feed. Without contact, the channel is none and `not_contacted_reason` says why.
    """

    occurred_at: datetime
    channel: Channel
    directness: Directness
    attempt: int = 1
    reached: Answer = Answer.UNKNOWN
    concern: Concern | None = None
    prompt: str = ""
    prompt_alerts: tuple[int, ...] = ()
    sources: tuple[Source, ...] = ()
    template: str = ""
    template_version: str = ""
    said: str = ""
    response: Response | None = None
    understood: Answer | None = None
    vulnerability: str = ""
    offered: tuple[Offer, ...] = ()
    accepted: tuple[Offer, ...] = ()
    actions: tuple[ActionKind, ...] = ()
    marketing_stopped_at: datetime | None = None
    bonus_stopped_at: datetime | None = None
    action_from: datetime | None = None
    action_until: datetime | None = None
    told_of_contest: bool | None = None
    next_step: str = ""
    follow_up_due_at: datetime | None = None
    not_contacted_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A record of an interaction with a player, or of why there was none.

    `external_id` is the platform's own. `corrects_id` is the record that it replaces, for `correction_reason`, and
    `corrected_by` the one that replaces it. `behaviour` is what the player did before it.
    """

    id: int
    user_id: int
    case_id: int | None
    facts: Facts
    by: By
    who: str
    staff_id: int | None
    recorded_at: datetime
    behaviour: Behaviour
    external_id: str | None = None
    corrects_id: int | None = None
    correction_reason: str = ""
    corrected_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What somebody says about an action: what was decided, by whom, why, and until when it holds."""

    kind: ActionKind
    by: By
    decided_at: datetime
    reason: str
    codes: tuple[int, ...] = ()
    amount: Decimal | None = None
    period: Period | None = None
    action_until: datetime | None = None
    review_due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step that an action has taken: when it happened, when and by whom it was recorded, and what was decided."""

    step: ActionStep
    happened_at: datetime
    at: datetime
    who: str
    staff_id: int | None
    review: Review | None = None
    text: str = ""
    contest_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A record of an action, with the steps that it has taken."""

    id: int
    user_id: int
    case_id: int | None
    decided: Decided
    who: str
    staff_id: int | None
    recorded_at: datetime
    behaviour: Behaviour
    external_id: str | None = None
    steps: Sequence[Taken] = ()

    def taken(self, step: ActionStep) -> Taken | None:
        """Return a step that it has taken."""
        return next((each for each in self.steps if each.step is step), None)

    @property
    def is_automated(self) -> bool:
        """Whether no person decided it, so that one must review it."""
        return self.decided.by is not By.STAFF

    @property
    def awaits_review(self) -> bool:
        """Whether a person has still to review it."""
        return self.is_automated and self.taken(ActionStep.REVIEWED) is None

    @property
    def judge(self) -> int | None:
        """The account that has judged it so far: of who reviewed it, or of the person who decided it."""
        reviewed = self.taken(ActionStep.REVIEWED)
        return reviewed.staff_id if reviewed else self.staff_id

    @property
    def awaits_decision(self) -> bool:
        """Whether the player has contested it, and nobody has decided about that."""
        return self.taken(ActionStep.CONTESTED) is not None and self.taken(ActionStep.CONTEST_DECIDED) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What somebody decided about an evaluation; `proposed` is what the numbers suggested."""

    at: datetime
    who: str
    staff_id: int | None
    proposed: Verdict
    verdict: Verdict
    reason: str
    further_action: str
    after: Behaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A look at what has changed: the `window_days` before `since` against those after it, due when they are over.

    `since_t` is the `t` of the player at that time. `comparison` has other players, once there is one.
    """

    id: int
    user_id: int
    case_id: int | None
    interaction_id: int | None
    made_at: datetime
    who: str
    staff_id: int | None
    since: datetime
    since_t: int
    due_at: datetime
    window_days: int
    expected: str
    before: Behaviour
    conclusion: Conclusion | None = None
