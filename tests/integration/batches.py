"""Short ways to send batches in tests, and what they must equal: the same events one by one."""

import json
from collections.abc import Sequence
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.integration.conftest import Sql

NDJSON = "application/x-ndjson"
EVENTS = "SELECT user_id, t, n, event_id, type::text, amount, alert_codes, edition, key_id, seq, taken_after"
STORED = (
    f"{EVENTS} FROM activity_event ORDER BY user_id, t, n",
    "SELECT user_id, last_t, events, sealed, late_events, corrections FROM user_clock ORDER BY user_id",
    "SELECT user_id, t, n, no, codes_before, codes_after, found::text, cause FROM revision ORDER BY 1, 2, 3, 4",
    "SELECT user_id, t, n, code, shadow, edition, fresh, evidence::text FROM alert ORDER BY 1, 2, 3, shadow, code",
)


def send_lines(client: FlaskClient, events: Sequence[object]) -> TestResponse:
    """Send events as NDJSON; a text is a line as it stands."""
    lines = [each if isinstance(each, str) else json.dumps(each) for each in events]
    return client.post("/events", data="\n".join(lines), content_type=NDJSON)


def send_array(client: FlaskClient, events: Sequence[object]) -> TestResponse:
    return client.post("/events", json=events)


def results(answer: TestResponse) -> list[dict[str, Any]]:
    """Return the results of a batch that must be a 200, in order and with their number of refusals."""
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["results"]
    assert [each["index"] for each in found] == list(range(len(found)))
    refused = [each for each in found if each["status"] != 200]
    assert answer.headers["Events-Refused"] == str(len(refused))
    for each in refused:
        assert each["problem"]["status"] == each["status"]
        assert each["problem"]["request_id"] == answer.headers["X-Request-ID"]
        assert each["problem"]["instance"] == "/events"
    return found


def one_by_one(client: FlaskClient, events: Sequence[object]) -> list[dict[str, Any]]:
    """Send events to `/event` and return what a batch of them must answer, without where and in which request."""
    found = []
    for index, event in enumerate(events):
        body = event if isinstance(event, str) else json.dumps(event)
        answer = client.post("/event", data=body, content_type="application/json")
        if answer.status_code == 200:
            said = {"replayed": "Idempotent-Replay", "late": "Late-Event"}
            more = {name: True for name, header in said.items() if header in answer.headers}
            found.append({"index": index, "status": 200, **answer.get_json(), **more})
        else:
            found.append({"index": index, "status": answer.status_code, "problem": answer.get_json()})
    return anywhere(found)


def anywhere(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return results without the path and the id of their request."""
    for each in found:
        for name in ("instance", "request_id"):
            each.get("problem", {}).pop(name, None)
    return found


def stored(sql: Sql) -> list[list[tuple[Any, ...]]]:
    """Return all that events leave behind, but not when."""
    return [sql(statement) for statement in STORED]
