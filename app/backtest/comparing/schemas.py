"""The shape of the query and of the answer; the command writes the same document."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from apiflask import Schema
from marshmallow import ValidationError, fields, post_load

from app.backtest.comparing.domain import DEFAULT_LIMIT, MAX_LIMIT, Comparison, Side
from app.backtest.comparing.summary import changes, sentence
from app.backtest.domain import BacktestRefused, Scope
from lib.fields import Moment
from lib.query_parameters import WholeNumberInDigits

MEANINGS = {
    Side.LIVE: "of the live edition",
    Side.SHADOW: "of the edition in the shadow",
    Side.COMMON: "of both at the same event",
    Side.GAINED: "of the shadow alone",
    Side.LOST: "of the live edition alone",
}
SIDES = tuple(side.value for side in Side)
PERIOD = "its dates (UTC) where `t` can be a Unix time, else the numbers of its days"


class ComparisonQuery(NamedTuple):
    """At which events, and how many players are listed."""

    scope: Scope
    limit: int


class ComparisonParameters(Schema):
    """Which events are compared, and how many players are listed."""

    since = WholeNumberInDigits(
        least=0, load_default=0, metadata={"description": "only events with this `t` or a later one"}
    )
    until = WholeNumberInDigits(least=1, metadata={"description": "only events with an earlier `t`"})
    limit = WholeNumberInDigits(
        least=1,
        greatest=MAX_LIMIT,
        load_default=DEFAULT_LIMIT,
        metadata={"description": "the maximum number of players that are listed; totals are of all"},
    )

    @post_load
    def to_query(self, parameters: Mapping[str, Any], **_: Any) -> ComparisonQuery:  # noqa: ANN401  # marshmallow's form
        """Make the value."""
        try:
            scope = Scope(since=parameters["since"], until=parameters.get("until"))
        except BacktestRefused:
            raise ValidationError("Must be above since.", "until") from None
        return ComparisonQuery(scope, parameters["limit"])


class StretchSchema(Schema):
    """A time that the edition spent in the shadow."""

    live = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "the editions that were live meanwhile, in their order; it is compared with these"},
    )
    began_at = Moment(required=True, metadata={"description": "events received from one second later on count"})
    ended_at = Moment(
        required=True, allow_none=True, metadata={"description": "events received before count; null: it still runs"}
    )


class AlertCountSchema(Schema):
    """A number of alerts, and of the players who have them."""

    alerts = fields.Integer(required=True)
    players = fields.Integer(required=True)


def counts(within: str = "") -> dict[str, fields.Field[Any]]:
    """Return a field for each side; `within` is the path to the mapping that has their counts."""
    return {
        side.value: fields.Nested(
            AlertCountSchema,
            required=True,
            attribute=f"{within}{side.value}",
            metadata={"description": f"the alerts {meaning}"},
        )
        for side, meaning in MEANINGS.items()
    }


SidesSchema = Schema.from_dict(counts(), name="SidesSchema")
Shares = Schema.from_dict(counts("sides."), name="Shares")  # of which the schemas below are


class AlertSampleSchema(Schema):
    """An alert as an example."""

    user_id = fields.Integer(required=True)
    t = fields.Integer(required=True, attribute="event.t")
    n = fields.Integer(required=True, attribute="event.n")
    event_id = fields.String(required=True, allow_none=True, attribute="event.event_id")
    sentence = fields.String(required=True, metadata={"description": "the evidence as one sentence"})


class SamplesSchema(Schema):
    """A few alerts of both, of the shadow alone (its sentences), and of the live edition alone."""

    common = fields.List(fields.Nested(AlertSampleSchema), required=True)
    gained = fields.List(fields.Nested(AlertSampleSchema), required=True)
    lost = fields.List(fields.Nested(AlertSampleSchema), required=True)


class CodeShareSchema(Shares):  # type: ignore[valid-type, misc]  # marshmallow makes its base at run time
    """The alerts of a code."""

    class Meta:
        """The members in the order in which they are read."""

        fields = ("code", "name", *SIDES, "samples")

    code = fields.Integer(required=True)
    name = fields.String(required=True, metadata={"description": "the name of its rule"})
    samples = fields.Nested(
        SamplesSchema,
        required=True,
        metadata={"description": "at most ten of each, by player; the same alerts always have the same samples"},
    )


class PeriodShareSchema(Shares):  # type: ignore[valid-type, misc]  # as above
    """The alerts at events of a day; of longer periods where there are more than 1,500 days."""

    class Meta:
        """As above."""

        fields = ("name", "first_t", *SIDES)

    name = fields.String(required=True, metadata={"description": PERIOD})
    first_t = fields.Integer(required=True, metadata={"description": "the first `t` of it"})


class PlayerShareSchema(Schema):
    """The number of a player's alerts."""

    user_id = fields.Integer(required=True)
    live = fields.Integer(required=True)
    shadow = fields.Integer(required=True)
    common = fields.Integer(required=True)
    gained = fields.Integer(required=True)
    lost = fields.Integer(required=True)


class ComparisonSchema(Schema):
    """What an edition raised in the shadow, and the live edition at the same events, by their first answers."""

    summary = fields.Function(
        sentence, required=True, metadata={"type": "string", "description": "the result in one sentence"}
    )
    edition = fields.Integer(required=True, attribute="subject.shadow.number")
    live = fields.List(
        fields.Integer(),
        required=True,
        attribute="subject.live_numbers",
        metadata={"description": "the editions that it is compared with, in the order in which they became live"},
    )
    changes = fields.Function(
        lambda comparison: changes(comparison.subject),
        required=True,
        metadata={
            "type": "array",
            "items": {"type": "string"},
            "description": "what changed from the last of these editions, in words",
        },
    )
    stretches = fields.List(fields.Nested(StretchSchema), required=True, attribute="subject.stretches")
    since = fields.Integer(required=True, attribute="subject.scope.since")
    until = fields.Integer(required=True, allow_none=True, attribute="subject.scope.until")
    all_codes = fields.Nested(SidesSchema, required=True)
    codes = fields.List(
        fields.Nested(CodeShareSchema), required=True, metadata={"description": "by code, of all editions"}
    )
    periods = fields.List(
        fields.Nested(PeriodShareSchema), required=True, metadata={"description": "those with alerts, ascending"}
    )
    players = fields.List(
        fields.Nested(PlayerShareSchema),
        required=True,
        metadata={"description": "those with the most gained and lost alerts, at most `limit`; none who has neither"},
    )
    differing_players = fields.Integer(
        required=True, metadata={"description": "how many players have a gained or lost alert"}
    )


def document(comparison: Comparison) -> Any:  # noqa: ANN401  # the members of the document
    """Return the comparison as JSON."""
    return ComparisonSchema().dump(comparison)
