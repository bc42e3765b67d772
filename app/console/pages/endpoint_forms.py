"""The forms of webhooks: marshmallow schemas of what is typed, and the words of what can be chosen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, fields

from app.console.pages.admin import AdminForm
from app.console.pages.register_forms import TypedGroups
from app.rules.limits import MAX_CODE
from app.rules.meaning import Strength
from app.webhooks.domain import DeliveryState, Filter, Format, State, Topic
from app.webhooks.schemas import MAX_CODES, MAX_NAME, MAX_PER_SECOND, MAX_URL, PER_SECOND, TOPICS
from lib.fields import Line
from lib.query_parameters import WholeNumberInDigits

CHOOSE = "Choose one from the list."
FORMATS = [
    (Format.STANDARD.value, "Standard Webhooks", "one signed message each, for programs"),
    (Format.SLACK.value, "Slack", "the address is that of an incoming webhook"),
    (Format.TEAMS.value, "Microsoft Teams", "the address is that of a workflow"),
    (Format.EMAIL.value, "Email", "the address is mailto: and one address"),
]
TOPIC_WORDS = {
    Topic.RAISED: "Alert raised",
    Topic.FOUND_LATE: "Alert found late",
    Topic.RETRACTED: "Alert retracted",
    Topic.PUBLISHED: "Rules published",
    Topic.CASE_OPENED: "Case opened",
    Topic.CASE_CLOSED: "Case closed",
}
TOPIC_OPTIONS = [(each, TOPIC_WORDS.get(Topic(each), each)) for each in TOPICS]
STATES = {
    State.ENABLED: ("Enabled", "ok"),
    State.PAUSED: ("Paused", "neutral"),
    State.DISABLED: ("Disabled", "danger"),
    State.DELETED: ("Deleted", "neutral"),
}
DELIVERY_STATES = {
    DeliveryState.DUE: ("Due", "info"),
    DeliveryState.DELIVERED: ("Delivered", "ok"),
    DeliveryState.DEAD: ("Given up", "danger"),
    DeliveryState.DROPPED: ("Dropped", "neutral"),
}
STRENGTHS = [("", "Any"), *((each.value, each.value.capitalize()) for each in Strength)]


class Codes(fields.Field[tuple[int, ...]]):
    """Codes in one line, separated by spaces or commas."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[int, ...]:  # noqa: ANN401  # marshmallow's arguments
        words = str(value).replace(",", " ").split()
        if not all(word.isascii() and word.isdigit() and 1 <= int(word[:20]) <= MAX_CODE for word in words):
            raise ValidationError("Enter codes as numbers, such as 123 1100.")
        if len(words) > MAX_CODES:
            raise ValidationError(f"Enter at most {MAX_CODES} codes.")
        return tuple(sorted({int(word) for word in words}))


class ChangeForm(AdminForm):
    """What to change of an endpoint: all but the address, which stays as it is if none is entered."""

    name = Line(longest=MAX_NAME, required=True, error_messages={"required": "Enter a name."})
    url = Line(longest=MAX_URL, load_default=None)
    topics = fields.List(
        fields.Enum(Topic, by_value=True, error_messages={"unknown": "Choose from the list."}), load_default=()
    )
    codes = Codes(load_default=())
    strength = fields.Enum(Strength, by_value=True, load_default=None, error_messages={"unknown": CHOOSE})
    groups = TypedGroups(load_default=frozenset())
    only_fresh = fields.Boolean(load_default=False)
    per_second = WholeNumberInDigits(least=1, greatest=MAX_PER_SECOND, load_default=PER_SECOND)


class NewForm(ChangeForm):
    """An endpoint to create."""

    url = Line(longest=MAX_URL, required=True, error_messages={"required": "Enter an address."})
    format = fields.Enum(
        Format, by_value=True, required=True, error_messages={"unknown": CHOOSE, "required": "Choose a format."}
    )


def filter_of(given: Mapping[str, Any]) -> Filter:
    """Return what an endpoint is told of, as a form says."""
    return Filter(
        topics=tuple(sorted({*given["topics"]} - {Topic.TEST})),
        codes=given["codes"],
        strength=given["strength"],
        groups=tuple(sorted(given["groups"])),
        only_fresh=given["only_fresh"],
    )


def moment_in(text: str, zone: str) -> datetime:
    """Return a date and time as a browser sends them, in the reader's zone; raises `ValidationError`."""
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).astimezone(ZoneInfo("UTC"))
    except (ValueError, OverflowError):
        raise ValidationError({"since": ["Enter a date and a time."]}) from None
