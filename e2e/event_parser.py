"""An independent parser, written from the contract alone: which bodies are events, and what the others lack."""

import json
import re
from dataclasses import dataclass, field
from typing import NoReturn, cast, get_args

from testkit.bodies import MAX_BODY_BYTES, MAX_INTEGER
from testkit.oracle import Event, EventType

MEMBERS = {"type", "amount", "user_id", "t"}
EVENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
WHOLE = re.compile(r"-?[0-9]{1,19}")
BEYOND_REASON = 50  # brackets; from where on a body may count as nested too deeply, as the contract has no number


class Literal(str):
    """A number in its original notation."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Either the event that a body is, or the slugs of the refusals that it may get."""

    event: Event | None = None
    refusals: frozenset[str] = field(default_factory=frozenset)


def refused(*slugs: str) -> Verdict:
    return Verdict(refusals=frozenset(slugs))


def verdict_on(body: bytes, content_type: str | None) -> Verdict:
    """Return what the contract says about a request, whatever was sent before."""
    if len(body) > MAX_BODY_BYTES:
        return refused("too-large", "unsupported-media-type")
    if (content_type or "").partition(";")[0].strip().lower() != "application/json":
        return refused("unsupported-media-type")
    return verdict_on_json(body)


def verdict_on_json(body: bytes) -> Verdict:
    """Twice the same member is a fault of the event, and too deep one of the JSON; other faults may come first."""
    twice: list[str] = []
    doubtful = body.count(b"[") + body.count(b"{") > BEYOND_REASON
    try:
        read = read_json(body, twice)
    except (ValueError, RecursionError):
        return refused("malformed-json", "invalid-event") if twice or doubtful else refused("malformed-json")
    if twice or doubtful:
        return refused("malformed-json", "invalid-event")
    if not isinstance(read, dict):
        return refused("malformed-json")
    event = event_of(read)
    return Verdict(event=event) if event else refused("invalid-event")


def read_json(body: bytes, twice: list[str]) -> object:
    """Read JSON, its numbers as they are written; names of members given twice are added to the list."""

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        twice.extend(name for name in names if names.count(name) > 1)
        return dict(pairs)

    def no_constant(word: str) -> NoReturn:
        raise ValueError(word)

    text = body.decode("utf-8")
    return json.loads(
        text, object_pairs_hook=members, parse_int=Literal, parse_float=Literal, parse_constant=no_constant
    )


def event_of(members: dict[str, object]) -> Event | None:
    """Return the event, or None where anything at all is wrong with its members."""
    if "t" not in members and "time" in members:
        members = {("t" if name == "time" else name): value for name, value in members.items()}
    user_id, t = whole(members.get("user_id")), whole(members.get("t"))
    kind, amount = members.get("type"), members.get("amount")
    event_id = members.get("event_id")
    if "event_id" in members and (type(event_id) is not str or not EVENT_ID.fullmatch(event_id)):
        return None
    if set(members) - {"event_id"} != MEMBERS or user_id is None or t is None or user_id == 0:
        return None
    if not isinstance(amount, str) or not AMOUNT.fullmatch(amount) or not amount.strip("0."):
        return None
    if type(kind) is not str or kind not in get_args(EventType):
        return None
    return Event(
        type=cast("EventType", kind),
        amount=str(amount),
        user_id=user_id,
        t=t,
        event_id=event_id if isinstance(event_id, str) else None,
    )


def whole(value: object) -> int | None:
    """Return the number when it is a JSON integer from 0 to 2^63-1."""
    if not isinstance(value, Literal) or not WHOLE.fullmatch(value):
        return None
    return int(value) if 0 <= int(value) <= MAX_INTEGER else None
