"""The form of the responses about health."""

from apiflask import Schema
from marshmallow import fields, validate


class LiveSchema(Schema):
    """The process answers."""

    status = fields.String(required=True, validate=validate.Equal("live"))


class ReadySchema(Schema):
    """The service is ready."""

    status = fields.String(required=True, validate=validate.Equal("ready"))
