"""The shape of requests about endpoints, and of the answers."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load, validate

from app.rules.limits import GROUP, MAX_CODE
from app.rules.meaning import Strength
from app.webhooks.domain import Filter, Format, State, Topic
from app.webhooks.messages import Outcome, Verdict
from app.webhooks.requests import EndpointSecret, EndpointStep, EndpointUpdate, NewEndpoint, StepsQuery
from lib.fields import Line, ListOf, Moment, Switch, WholeNumber, Word, one_of
from lib.query_parameters import PageParameters, WholeNumberInDigits, next_page

MAX_NAME = 100  # characters
MAX_URL = 2_048  # characters
MAX_CODES = 100
MAX_GROUPS = 16
MAX_PER_SECOND, PER_SECOND = 100, 10
TOPICS = tuple(topic.value for topic in Topic if topic is not Topic.TEST)
A_GROUP = "1 to 32 of a-z, 0-9, ., _ and -, the first a letter or a digit"
URL = "`https://…`; for the format `email` `mailto:` and one address"


class Choice(fields.String):
    """One of some words."""

    def __init__(self, words: tuple[str, ...], **more: Any) -> None:  # noqa: ANN401  # marshmallow's arguments
        super().__init__(validate=validate.OneOf(words, error=one_of(words)), **more)


def codes_field(description: str) -> fields.List[int]:
    """Return a field for codes of rules."""
    return fields.List(
        WholeNumber(least=1, greatest=MAX_CODE),
        load_default=(),
        validate=validate.Length(max=MAX_CODES, error="Must be at most {max} codes."),
        metadata={"description": description},
    )


class FilterSchema(Schema):
    """What an endpoint is told of; what is left out, or empty, means any."""

    topics = fields.List(
        Choice(TOPICS),
        load_default=(),
        validate=validate.Length(max=len(TOPICS)),
        metadata={"description": "only messages of these types"},
    )
    codes = codes_field("only alerts of these codes")
    strength = Choice(
        tuple(Strength), load_default=None, allow_none=True, metadata={"description": "only alerts of this strength"}
    )
    groups = fields.List(
        Word(pattern=GROUP, form=A_GROUP),
        load_default=(),
        validate=validate.Length(max=MAX_GROUPS, error="Must be at most {max} groups."),
        metadata={"description": "only alerts of players who are in one of these groups when the alert is numbered"},
    )
    only_fresh = Switch(
        load_default=False,
        metadata={
            "description": "true: no alert that repeats a code of the player's event before; found late, it passes"
        },
    )

    @post_load
    def to_filter(self, members: Mapping[str, Any], **_: Any) -> Filter:  # noqa: ANN401  # marshmallow's form
        """Make the domain's value."""
        return Filter(
            topics=tuple(sorted({Topic(each) for each in members["topics"]})),
            codes=tuple(sorted({*members["codes"]})),
            strength=Strength(members["strength"]) if members["strength"] else None,
            groups=tuple(sorted({*members["groups"]})),
            only_fresh=members["only_fresh"],
        )


class NewEndpointSchema(Schema):
    """An endpoint to create."""

    name = Line(longest=MAX_NAME, required=True, metadata={"description": "what people call it"})
    url = Line(longest=MAX_URL, required=True, metadata={"description": URL})
    format = Choice(
        tuple(Format),
        load_default=Format.STANDARD.value,
        metadata={"description": "standard: one signed message each (Standard Webhooks); the others tell people"},
    )
    filter = fields.Nested(FilterSchema, load_default=Filter())
    per_second = WholeNumber(
        least=1,
        greatest=MAX_PER_SECOND,
        load_default=PER_SECOND,
        metadata={"description": "how many messages at most"},
    )

    @post_load
    def to_new_endpoint(self, members: Mapping[str, Any], **_: Any) -> NewEndpoint:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return NewEndpoint(**{**members, "format": Format(members["format"])})


class EndpointUpdateSchema(Schema):
    """What to change of an endpoint; what is left out stays as it is. `filter` replaces the whole filter."""

    name = Line(longest=MAX_NAME)
    url = Line(longest=MAX_URL, metadata={"description": URL})
    filter = fields.Nested(FilterSchema)
    per_second = WholeNumber(least=1, greatest=MAX_PER_SECOND)
    state = Choice(
        (State.ENABLED.value, State.PAUSED.value),
        metadata={"description": "paused: what is due waits; enabled: it is sent, also if the service had disabled it"},
    )

    @post_load
    def to_update(self, members: Mapping[str, Any], **_: Any) -> EndpointUpdate:  # noqa: ANN401  # as above
        """Make the domain's value."""
        state = {"state": State(members["state"])} if "state" in members else {}
        return EndpointUpdate(**{**members, **state})


class EndpointSchema(Schema):
    """An endpoint: an address that is told, and how that goes."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    url = fields.String(required=True)
    format = fields.Enum(Format, by_value=fields.String, required=True)
    filter = fields.Nested(FilterSchema, required=True)
    per_second = fields.Integer(required=True)
    state = fields.Enum(
        State,
        by_value=fields.String,
        required=True,
        metadata={"description": "enabled; paused, by a person; disabled, by the service, for the `reason`"},
    )
    reason = fields.String(required=True, metadata={"description": "why the service disabled it; else empty"})
    secret_version = fields.Integer(required=True, metadata={"description": "1, and one more with each rotation"})
    previous_until = Moment(
        required=True, allow_none=True, metadata={"description": "until when the secret before signs as well"}
    )
    failing_since = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "since when every attempt has failed; null: not now"},
    )
    hold_until = Moment(
        required=True, allow_none=True, metadata={"description": "until when the receiver asked for a pause"}
    )
    made_by = fields.String(required=True)
    made_at = Moment(required=True)


class EndpointSecretSchema(EndpointSchema):
    """An endpoint with its secret, which is shown only now."""

    secret = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "the secret that signs messages; null for a format that is not signed"},
    )


class EndpointListSchema(Schema):
    """All endpoints."""

    endpoints = ListOf(EndpointSchema, required=True, metadata={"description": "by `id`; at most 50"})


class StepsParameters(PageParameters):
    """Which steps; by default the latest."""

    before = WholeNumberInDigits(
        least=1, metadata={"description": "only those with smaller ids; the `next_before` of the previous page"}
    )

    @post_load
    def to_query(self, parameters: Mapping[str, Any], **_: Any) -> StepsQuery:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return StepsQuery(**parameters)


class EndpointStepSchema(Schema):
    """A step that was taken with an endpoint."""

    id = fields.Integer(required=True)
    step = fields.Enum(
        EndpointStep,
        by_value=fields.String,
        required=True,
        metadata={"description": "what was done; `disable` is the service's own"},
    )
    who = fields.String(
        required=True,
        metadata={"description": "a key, a person (`staff:7 Ann Smith`), a login of the shell, or `sender`"},
    )
    note = fields.String(required=True, metadata={"description": "what that changed; of addresses only the host"})
    at = Moment(required=True)


class EndpointStepPageSchema(Schema):
    """A page of the steps."""

    steps = fields.List(
        fields.Nested(EndpointStepSchema), required=True, metadata={"description": "newest first, by `id`"}
    )
    next_before = next_page("before")


class NothingSchema(Schema):
    """No members: the path says it all."""

    body_may_be_missing = True


class OutcomeSchema(Schema):
    """How sending a test message ended."""

    delivered = fields.Boolean(required=True, metadata={"description": "whether the answer was a 2xx"})
    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "the status of the answer; null: there was none"}
    )
    answer = fields.String(
        required=True, attribute="text", metadata={"description": "the beginning of the answer, at most 500 characters"}
    )
    error = fields.String(required=True, metadata={"description": "why it was not delivered; else empty"})
    seconds = fields.Float(required=True, metadata={"description": "how long it took"})


class EndpointInPath(Schema):
    """Which endpoint; the router parses it, and answers 404 to anything else."""

    endpoint_id = WholeNumber(least=1, required=True, metadata={"description": "the endpoint", "example": 1})


class EndpointLocationSchema(Schema):
    """The headers of the answer to a creation."""

    location = fields.String(data_key="Location", required=True, metadata={"description": "the path of the endpoint"})


def render_with_secret(created: EndpointSecret) -> Mapping[str, Any]:
    """Return what the schema of an endpoint with its secret takes."""
    shown = created.endpoint
    return {**{name: getattr(shown, name) for name in EndpointSchema().fields}, "secret": created.secret}


def render_outcome(outcome: Outcome) -> Mapping[str, Any]:
    """Return what the schema of an outcome takes."""
    return {
        "delivered": outcome.verdict is Verdict.DELIVERED,
        "status": outcome.status,
        "text": outcome.text,
        "error": outcome.error,
        "seconds": round(outcome.seconds, 3),
    }
