"""The forms of records: marshmallow schemas of what is typed."""

from datetime import datetime
from typing import Any, ClassVar

from marshmallow import ValidationError, fields

from app.cases.domain import MAX_REASON
from app.console.pages.case_forms import CHOOSE, CaseForm, chosen, text
from app.interactions.domain import MAX_LINE, MAX_TEXT
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

FOLLOW_UP_DAYS = (1, 2, 3, 7, 14, 28)
MOST_ATTEMPTS = 999

Words = type[Any]


class Optional(fields.Field[Any]):
    """A field that may stay empty, as browsers send it; what is in it is another field's to read."""

    def __init__(self, inner: fields.Field[Any], empty: object = None) -> None:
        super().__init__(load_default=empty)
        self._inner, self._empty = inner, empty

    def _deserialize(self, value: Any, attr: str | None, data: Any, **named: Any) -> Any:  # noqa: ANN401  # marshmallow's
        return self._inner.deserialize(value, attr, data, **named) if value else self._empty


def word(words: Words, **named: Any) -> fields.Enum[Any]:  # noqa: ANN401  # as above
    """Return a field with one of several words."""
    messages: dict[str, Any] = {"unknown": CHOOSE, "required": CHOOSE}
    return fields.Enum(words, by_value=True, error_messages=messages, **named)


def words_of(words: Words) -> fields.List[Any]:
    """Return a field with any of several words."""
    return fields.List(word(words), load_default=list)


class LocalTime(fields.Field[datetime]):
    """A time of day as a browser sends it, without a zone; which one is meant is known where the form is read."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:  # noqa: ANN401  # as above
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            raise ValidationError("Enter a day and a time, such as 2026-01-31 09:30.") from None
        if read.tzinfo is not None:
            raise ValidationError("Enter a day and a time, such as 2026-01-31 09:30.")
        return read


class InteractionForm(CaseForm):
    """An interaction; what is left empty is not known."""

    LISTS: ClassVar[tuple[str, ...]] = ("sources", "offered", "accepted", "actions")

    channel = word(Channel, required=True)
    reached = word(Answer, load_default=Answer.UNKNOWN)
    said = text(MAX_TEXT, load_default="")
    not_contacted_reason = text(MAX_TEXT, load_default="")
    response = Optional(word(Response))
    next_step = text(MAX_TEXT, load_default="")
    days = Optional(chosen(FOLLOW_UP_DAYS))
    occurred_at = Optional(LocalTime())
    directness = Optional(word(Directness))
    attempt = Optional(fields.Integer(validate=lambda number: 0 < number <= MOST_ATTEMPTS), 1)
    concern = Optional(word(Concern))
    prompt = text(MAX_TEXT, load_default="")
    sources = words_of(Source)
    template = text(MAX_LINE, load_default="")
    template_version = text(MAX_LINE, load_default="")
    understood = Optional(word(Answer))
    vulnerability = text(MAX_TEXT, load_default="")
    offered = words_of(Offer)
    accepted = words_of(Offer)
    actions = words_of(ActionKind)
    action_until = Optional(fields.Date(error_messages={"invalid": "Enter a day, such as 2026-01-31."}))
    stopped_marketing = fields.String(load_default="")
    stopped_bonuses = fields.String(load_default="")
    told_of_contest = Optional(word(Answer))


class CorrectionForm(InteractionForm):
    """An interaction as it should have been recorded, and what was wrong."""

    correction_reason = text(MAX_TEXT, load_default="")


class ActionForm(CaseForm):
    """An action that a person records."""

    kind = word(ActionKind, required=True)
    by = word(By, load_default=By.PLATFORM)
    reason = text(MAX_TEXT, load_default="")
    amount = Optional(fields.Decimal(places=2, error_messages={"invalid": "Enter an amount, such as 100.00."}))
    period = Optional(word(Period))
    decided_at = Optional(LocalTime())
    action_until = Optional(fields.Date(error_messages={"invalid": "Enter a day, such as 2026-01-31."}))
    next_step = text(MAX_TEXT, load_default="")
    days = Optional(chosen(FOLLOW_UP_DAYS))


class JudgeForm(CaseForm):
    """What somebody decides about an action."""

    review = fields.Enum(
        Review, by_value=True, required=True, error_messages={"unknown": CHOOSE, "required": "Choose what to do."}
    )
    reason = text(MAX_REASON, load_default="")


class StepForm(CaseForm):
    """What has happened to an action."""

    step = word(ActionStep, required=True)
    happened_at = Optional(LocalTime())
    text = text(MAX_TEXT, load_default="")


class ConcludeForm(CaseForm):
    """What somebody decides about an evaluation."""

    verdict = fields.Enum(
        Verdict, by_value=True, required=True, error_messages={"unknown": CHOOSE, "required": "Choose a verdict."}
    )
    reason = text(MAX_REASON, load_default="")
    further_action = text(MAX_REASON, load_default="")
