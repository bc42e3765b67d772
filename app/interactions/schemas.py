"""The shape of requests about records, and of the answers."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import ValidationError, fields, post_dump, post_load, validate

from app.interactions.domain import DIRECT, MAX_LINE, MAX_TEXT, Facts
from app.interactions.requests import RecordsQuery, StepByPlatform, ToldInteraction
from app.interactions.rows import LISTS_OF_FACTS, WORDS_OF_FACTS
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
from app.rules.limits import EVENT_ID
from lib.fields import Instant, Line, ListOf, Moment, Prose, Switch, WholeNumber, Word, one_of
from lib.query_parameters import PageParameters, WholeNumberInDigits, next_page

MAX_WORDS, MAX_ALERTS, MAX_ATTEMPT = 20, 200, 999
AN_ID = "1 to 64 of A-Z, a-z, 0-9, ., _, : and -, the first a letter or a digit"


class Choice(fields.String):
    """One of some words."""

    def __init__(self, words: type[Any], **more: Any) -> None:  # noqa: ANN401  # marshmallow's arguments
        values = tuple(each.value for each in words)
        super().__init__(validate=validate.OneOf(values, error=one_of(values)), **more)


def some(words: type[Any]) -> fields.List[Any]:
    """Return a field for some of these words."""
    return fields.List(Choice(words), validate=validate.Length(max=MAX_WORDS))


def external_id(**more: Any) -> Word:  # noqa: ANN401  # as above
    """Return a field for a platform's own id of what it tells."""
    return Word(pattern=EVENT_ID, form=AN_ID, **more)


class Known(Schema):
    """Writes what is known: members that are null or empty are left out."""

    @post_dump
    def without_empty(self, members: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:  # noqa: ANN401  # marshmallow's
        """Leave out what is not known."""
        return {name: value for name, value in members.items() if value not in (None, "", [], ())}


class FactsSchema(Known):
    """An interaction as somebody tells it; what is left out is not known."""

    occurred_at = Instant(required=True)
    channel = Choice(Channel, required=True)
    directness = Choice(Directness, metadata={"description": "left out: as the channel says"})
    attempt = WholeNumber(least=1, greatest=MAX_ATTEMPT)
    reached = Choice(Answer)
    concern = Choice(Concern)
    prompt = Prose(longest=MAX_TEXT, metadata={"description": "why it took place"})
    prompt_alerts = fields.List(
        WholeNumber(least=1), validate=validate.Length(max=MAX_ALERTS), metadata={"description": "numbers in the feed"}
    )
    sources = some(Source)
    template = Line(longest=MAX_LINE, metadata={"description": "which one was sent; without it `said`"})
    template_version = Line(longest=MAX_LINE)
    said = Prose(longest=MAX_TEXT)
    response = Choice(Response)
    understood = Choice(Answer)
    vulnerability = Prose(longest=MAX_TEXT)
    offered = some(Offer)
    accepted = some(Offer)
    actions = some(ActionKind)
    marketing_stopped_at = Instant()
    bonus_stopped_at = Instant()
    action_from = Instant()
    action_until = Instant()
    told_of_contest = Switch()
    next_step = Prose(longest=MAX_TEXT)
    follow_up_due_at = Instant()
    not_contacted_reason = Prose(longest=MAX_TEXT, metadata={"description": "with the channel `none`"})

    @post_load
    def to_facts(self, members: Mapping[str, Any], **_: Any) -> Facts:  # noqa: ANN401  # marshmallow's form
        """Make the domain's value."""
        words = {name: kind(members[name]) for name, kind in WORDS_OF_FACTS.items() if name in members}
        lists = {name: tuple(map(kind, members.get(name, ()))) for name, kind in LISTS_OF_FACTS.items()}
        default = Directness.DIRECT if words["channel"] in DIRECT else Directness.INDIRECT
        return Facts(**{"directness": default, **members, **words, **lists})


class PlayedSchema(Schema):
    """What a player did in some seconds."""

    seconds = fields.Integer(required=True)
    deposits = fields.Integer(required=True)
    deposited = fields.String(required=True)
    largest_deposit = fields.String(required=True, allow_none=True)
    withdrawals = fields.Integer(required=True)
    withdrawn = fields.String(required=True)
    net = fields.String(required=True, metadata={"description": "deposits minus withdrawals that were not cancelled"})
    failed_deposits = fields.Integer(required=True)
    cancelled_withdrawals = fields.Integer(required=True)
    days = fields.Integer(required=True, metadata={"description": "on how many"})
    is_cut = fields.Boolean(required=True, metadata={"description": "true: more than 20,000 events of a type"})
    alerts = fields.Integer(required=True)
    codes = fields.Dict(required=True, metadata={"description": "how many alerts of each code"})


class BehaviourSchema(Schema):
    """What a player did up to `t`: in a day, a week and 30 days, or in the window of an evaluation."""

    t = fields.Integer(required=True)
    windows = fields.List(fields.Nested(PlayedSchema), required=True)


class ToldInteractionSchema(Schema):
    """An interaction that a platform had by itself."""

    id = external_id(required=True, metadata={"description": "the platform's own: the same body again is a replay"})
    user_id = WholeNumber(least=1, required=True)
    facts = fields.Nested(FactsSchema, required=True)

    @post_load
    def to_told(self, members: Mapping[str, Any], **_: Any) -> ToldInteraction:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return ToldInteraction(external_id=members["id"], user_id=members["user_id"], facts=members["facts"])


class RecordedSchema(Schema):
    """What was recorded, and where it belongs."""

    id = fields.Integer(required=True, metadata={"description": "our own"})
    case_id = fields.Integer(required=True, allow_none=True, metadata={"description": "null: no case was open"})
    replayed = fields.Boolean(required=True, metadata={"description": "true: it had been told before"})


class StepByPlatformSchema(Schema):
    """What has happened to an action; `contested` needs a text."""

    step = fields.String(
        required=True,
        validate=validate.OneOf(
            ("executed", "customer_told", "contested"), error=one_of(("executed", "customer_told", "contested"))
        ),
    )
    happened_at = Instant(required=True)
    text = Prose(longest=MAX_TEXT, load_default="")
    contest_until = Instant(metadata={"description": "with `customer_told`; left out: 30 days after it"})

    @post_load
    def to_step(self, members: Mapping[str, Any], **_: Any) -> StepByPlatform:  # noqa: ANN401  # as above
        """Make the domain's value."""
        step = ActionStep(members["step"])
        if "contest_until" in members and step is not ActionStep.CUSTOMER_TOLD:
            raise ValidationError("Only the step customer_told has it.", "contest_until")
        return StepByPlatform(**{**members, "step": step})


class RecordsParameters(PageParameters):
    """Which records, oldest first; by default of all players."""

    after = WholeNumberInDigits(
        least=0, load_default=0, metadata={"description": "the `next_after` of the previous page"}
    )
    user_id = WholeNumberInDigits(least=1, data_key="user", metadata={"description": "only of this player"})
    case_id = WholeNumberInDigits(least=1, data_key="case", metadata={"description": "only of this case"})

    @post_load
    def to_query(self, parameters: Mapping[str, Any], **_: Any) -> RecordsQuery:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return RecordsQuery(**parameters)


class InteractionInPath(Schema):
    """Which interaction; the router parses it, and answers 404 to anything else."""

    interaction_id = WholeNumber(least=1, required=True)


class ActionInPath(Schema):
    """Which action; as above."""

    action_id = WholeNumber(least=1, required=True)


class EvaluationInPath(Schema):
    """Which evaluation; as above."""

    evaluation_id = WholeNumber(least=1, required=True)


class InteractionSchema(Known):
    """An interaction with a player; a correction is a new one."""

    id = fields.Integer(required=True)
    external_id = fields.String()
    user_id = fields.Integer(required=True)
    case_id = fields.Integer()
    by = fields.Enum(By, by_value=fields.String, required=True)
    who = fields.String(required=True)
    recorded_at = Moment(required=True)
    corrects_id = fields.Integer()
    correction_reason = fields.String()
    corrected_by = fields.Integer(metadata={"description": "the record that replaces it"})
    facts = fields.Nested(FactsSchema, required=True)
    behaviour = fields.Nested(BehaviourSchema, required=True)


class InteractionListSchema(Schema):
    """A page of interactions."""

    interactions = ListOf(InteractionSchema, required=True)
    next_after = next_page("after")


class TakenSchema(Known):
    """A step of an action."""

    step = fields.Enum(ActionStep, by_value=fields.String, required=True)
    happened_at = Moment(required=True)
    at = Moment(required=True, metadata={"description": "when it was recorded"})
    who = fields.String(required=True)
    review = fields.Enum(Review, by_value=fields.String)
    text = fields.String()
    contest_until = Moment()


class ConclusionSchema(Schema):
    """What a person decided about an evaluation; `proposed` is what the numbers suggested."""

    at = Moment(required=True)
    who = fields.String(required=True)
    proposed = fields.Enum(Verdict, by_value=fields.String, required=True)
    verdict = fields.Enum(Verdict, by_value=fields.String, required=True)
    reason = fields.String(required=True)
    further_action = fields.String(required=True)
    after = fields.Nested(BehaviourSchema, required=True)


class EvaluationSchema(Known):
    """A look at what has changed: the `window_days` before `since` against those after it."""

    id = fields.Integer(required=True)
    user_id = fields.Integer(required=True)
    case_id = fields.Integer()
    interaction_id = fields.Integer()
    who = fields.String(required=True)
    since = Moment(required=True)
    due_at = Moment(required=True)
    window_days = fields.Integer(required=True)
    expected = fields.String()
    before = fields.Nested(BehaviourSchema, required=True)
    conclusion = fields.Nested(ConclusionSchema)


class EvaluationListSchema(Schema):
    """A page of evaluations."""

    evaluations = ListOf(EvaluationSchema, required=True)
    next_after = next_page("after")
