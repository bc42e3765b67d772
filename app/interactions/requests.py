"""What people and platforms ask of records, and what they get, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.interactions.domain import Action, Decided, Evaluation, Facts, Interaction
from app.interactions.words import ActionStep, Awaited, Review, Verdict

MAX_OF_CASE = 100  # records of each kind of one case, newest first, on its page


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsQuery:
    """Which records: at most `limit` with ids above `after`, oldest first, of a player or of a case."""

    limit: int
    after: int = 0
    user_id: int | None = None
    case_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldInteraction:
    """An interaction that a platform tells of; the same body under the same id is told again."""

    external_id: str
    user_id: int
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAction:
    """An action that a platform tells of."""

    external_id: str
    user_id: int
    decided: Decided


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionByHand:
    """An action that a person records, with what comes next on the case."""

    decided: Decided
    next_step: str = ""
    follow_up_due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepByPlatform:
    """A step of an action that a platform tells of: executed, customer told, or contested with a text."""

    step: ActionStep
    happened_at: datetime
    text: str = ""
    contest_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a person decides about an action, in its review or after the player has contested it."""

    review: Review
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluding:
    """What a person decides about an evaluation."""

    verdict: Verdict
    reason: str
    further_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfCase:
    """The records of a case, newest first."""

    interactions: Sequence[Interaction]
    actions: Sequence[Action]
    evaluations: Sequence[Evaluation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for a person; `case_id` is None for a player without an open case."""

    kind: Awaited
    ref_id: int
    user_id: int
    case_id: int | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A case in review that somebody wanted to look at again: when, for what, and who has it."""

    case_id: int
    user_id: int
    due_at: datetime
    next_step: str
    assignee: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPage:
    """What waits for a person, the first due first; `now` is the time of all lists."""

    actions: Sequence[Waiting]
    evaluations: Sequence[Waiting]
    follow_ups: Sequence[FollowUp]
    now: datetime
