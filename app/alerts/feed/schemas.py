"""The shape of queries of the feed, and of the answers."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields

from app.alerts.domain import Kind
from app.alerts.feed.domain import MAX_PAGE, Entry, FeedPage
from app.alerts.schemas import AlertSchema
from lib.fields import Moment
from lib.query_parameters import WholeNumberInDigits

OF_ALERT = ("user_id", "t", "n", "event_id", "code", "edition", "fresh")


class FeedParameters(Schema):
    """From which number on."""

    after = WholeNumberInDigits(
        least=0,
        load_default=0,
        metadata={"description": "only entries with greater numbers: the `next_after` of the previous answer, or 0"},
    )
    limit = WholeNumberInDigits(
        least=1, greatest=MAX_PAGE, load_default=50, metadata={"description": "how many entries at most"}
    )


class EntrySchema(AlertSchema):
    """What became known of an alert, with the alert."""

    class Meta:
        """The feed has what was answered, and says by its kind what became of it."""

        fields = ("number", "kind", "at", *OF_ALERT, "indicator", "strength", "guidance", "evidence")

    number = fields.Integer(required=True, metadata={"description": "its number: they rise by one, without gaps"})
    kind = fields.Enum(
        Kind,
        by_value=True,
        required=True,
        metadata={
            "type": "string",
            "description": "raised: the answer to the event has the code; found-late: it would have it, by what is "
            "known now; retracted: it would no longer have it",
        },
    )
    at = Moment(required=True, metadata={"description": "when it got its number"})


class FeedPageSchema(Schema):
    """A page of the feed."""

    alerts = fields.List(fields.Nested(EntrySchema), required=True, metadata={"description": "by ascending `number`"})
    next_after = fields.Integer(
        required=True, metadata={"description": "the `after` of the next request, whether or not there is more yet"}
    )


def render_page(page: FeedPage) -> Mapping[str, Any]:
    """Return what the schema of a page takes."""
    return {"alerts": [_flat(entry) for entry in page.entries], "next_after": page.next_after}


def _flat(entry: Entry) -> Mapping[str, Any]:
    alert, members = entry.alert, (*OF_ALERT, "meaning", "evidence")
    return {
        "number": entry.number,
        "kind": entry.kind,
        "at": entry.at,
        **{name: getattr(alert, name) for name in members},
    }
