"""The shape of a player's totals over HTTP."""

from apiflask import Schema
from marshmallow import fields

from app.customers.ranges import Range
from app.events.reading.schemas import TotalSchema
from lib.fields import TwoPlaces


class RangeTotalsSchema(Schema):
    """What a player did within a range."""

    within = fields.Enum(Range, by_value=fields.String, required=True)
    deposits = fields.Nested(TotalSchema, required=True)
    withdrawals = fields.Nested(TotalSchema, required=True)
    withdraw_cancelled = fields.Nested(TotalSchema, required=True, attribute="cancelled")
    deposit_failed = fields.Nested(TotalSchema, required=True, attribute="failed")
    net_deposit = TwoPlaces(
        required=True,
        allow_none=True,
        attribute="net",
        metadata={
            "pattern": r"^-?[0-9]+\.[0-9]{2}$",
            "description": "deposits - withdrawals + cancelled withdrawals; null unless `whole`",
        },
    )
    whole = fields.Boolean(
        required=True,
        attribute="is_whole",
        metadata={"description": "false: only the newest 50,000 events of each type are in it"},
    )


class PlayerTotalsSchema(Schema):
    """What a player did within ranges that end at the same second."""

    user_id = fields.Integer(required=True)
    until = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "the last `t` of each range: now, or without `T_IS=unix` the latest event's"},
    )
    totals = fields.List(fields.Nested(RangeTotalsSchema), required=True)
