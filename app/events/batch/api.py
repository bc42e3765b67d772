"""The route of batches: what comes in, what goes out, no decisions."""

from apiflask import APIBlueprint
from flask import Response, request

from app.access.domain import Scope
from app.access.guard import current_key, require_scope
from app.access.problems import error_responses
from app.events import metrics
from app.events.api import write_log_line
from app.events.batch import controllers
from app.events.batch.answers import render_all, render_refusal, render_result
from app.events.batch.domain import MAX_BODY, MAX_EVENTS, Result, Sent
from app.events.batch.schemas import BODY, EXAMPLES, RefusedSchema, ResultsSchema
from app.events.domain import Decision
from app.events.problems import PROBLEMS
from app.events.schemas import InvalidEvent, parse_event
from app.events.services import EventServices
from app.rulebook.live_rules import NoRuleBook
from lib import services
from lib.answers import JsonResponse
from lib.bodies import too_large
from lib.body_forms import NotJson
from lib.database_errors import Unavailable
from lib.json_batches import MEDIA_TYPES, Part, read_parts
from lib.json_requests import GivenTwice, MalformedJson, given_twice
from lib.openapi_documents import request_body

batches = APIBlueprint("batches", __name__, tag={"name": "Batches", "description": "Many events in one request."})


@batches.post("/events")
@batches.post("/events/")
@batches.output(
    ResultsSchema, headers=RefusedSchema, examples=EXAMPLES, description="a result for each event; some may be refused"
)
@batches.doc(
    responses=error_responses(
        MalformedJson("the body must be a JSON array: [ … ]"),
        NoRuleBook,
        Unavailable,
        too_large(MAX_BODY),
        NotJson(MEDIA_TYPES),
        problems=PROBLEMS,
        takes_body=True,
    )
)
@request_body(BODY)
@require_scope(Scope.EVENTS_WRITE)
def receive_events() -> Response:
    """Receive up to 1,000 events or 256 KiB at once, as NDJSON or as a JSON array.

    Each event is stored or refused by itself, as if sent alone to `/event`; those of a player are taken in the order
    sent. A 200 may hold refusals: look at `Events-Refused`. After a 503 or a broken connection send all again: what was
    stored is replayed. `/events/` is the same as this path.
    """
    parts = read_parts(request, longest=MAX_BODY, most=MAX_EVENTS, things="events")
    metrics.count_batch(len(parts))
    answer = Answer(len(parts))
    sent = answer.parse(parts)
    made = services.get(EventServices)
    controllers.record_events(made, sent, answer.key_id, answer.tell)
    return JsonResponse(render_all(answer.results), headers=[("Events-Refused", str(answer.refused))])


class Answer:
    """The answer to a batch while its events are decided."""

    def __init__(self, events: int) -> None:
        key = current_key()
        self.key_id = key.id if key else None
        self.results = [""] * events
        self.refused = 0

    def parse(self, parts: list[Part]) -> list[Sent]:
        """Return the valid events with their places; the others are refused."""
        sent = []
        for place, part in enumerate(parts):
            try:
                sent.append((place, parse_event(_members(part))))
            except (MalformedJson, InvalidEvent) as refusal:
                self.refuse(place, refusal)
        return sent

    def tell(self, place: int, result: Result) -> None:
        """Note what became of an event: count it and write its log line, whatever becomes of the rest."""
        if not isinstance(result, Decision):
            self.refuse(place, result)
            return
        metrics.count(result)
        write_log_line(result, self.key_id)
        self.results[place] = render_result(place, result)

    def refuse(self, place: int, refusal: Exception) -> None:
        """Note that an event was refused."""
        self.refused += 1
        self.results[place] = render_refusal(place, refusal)


def _members(part: Part) -> dict[str, object]:
    if isinstance(part, GivenTwice):
        raise InvalidEvent(given_twice(part))
    if isinstance(part, MalformedJson):
        raise part
    return part
