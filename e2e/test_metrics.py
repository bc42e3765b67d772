"""The metrics of the running service: they change with what was sent, and Prometheus can parse them."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from testkit.service import Player

pytestmark = pytest.mark.alone

NEW_CONNECTION = {"Connection": "close"}  # the next request may be another worker's
BUCKET = "http_request_duration_seconds_bucket"
Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """All samples of one look at the metrics."""

    samples: dict[tuple[str, Labels], float]

    def of(self, name: str, **labels: str) -> float:
        return self.samples.get((name, frozenset(labels.items())), 0)

    def all_of(self, name: str) -> list[dict[str, str]]:
        return [dict(labels) for found, labels in self.samples if found == name]


Look = Callable[[], Numbers]


@pytest.fixture
def look(client: httpx.Client) -> Look:
    def now() -> Numbers:
        response = client.get("/metrics", headers=NEW_CONNECTION)
        assert response.status_code == 200, response.text
        families = text_string_to_metric_families(response.text)
        samples = (sample for family in families for sample in family.samples)
        return Numbers({(each.name, frozenset(each.labels.items())): each.value for each in samples})

    return now


def test_events_are_counted_by_type(player: Player, look: Look) -> None:
    before = look()
    for t in range(5):
        player.deposit("1.00", t=t)
    player.withdraw("1.00", t=5)
    after = look()
    for kind, sent in (("deposit", 5), ("withdraw", 1)):
        stored = "activity_events_stored_total"
        assert after.of(stored, type=kind) - before.of(stored, type=kind) == sent


def test_a_replay_is_counted_as_a_replay_only(player: Player, look: Look) -> None:
    player.withdraw("150.00", t=1)
    before = look()
    player.withdraw("150.00", t=1)
    after = look()
    assert after.of("activity_event_replays_total") - before.of("activity_event_replays_total") == 1
    for name in ("activity_events_stored_total", "activity_alert_codes_raised_total"):
        for labels in after.all_of(name):
            assert after.of(name, **labels) == before.of(name, **labels)


def test_raised_codes_are_counted_by_code(player: Player, look: Look) -> None:
    before = look()
    for t in range(3):
        player.withdraw("150.00", t=t)
    after, raised = look(), "activity_alert_codes_raised_total"
    for code, times in (("30", 1), ("123", 0), ("300", 0), ("1100", 3)):
        assert after.of(raised, code=code) - before.of(raised, code=code) == times, code


def test_requests_and_refusals_are_counted_by_outcome(player: Player, look: Look) -> None:
    before = look()
    player.deposit("1.00", t=5)
    player.send("deposit", "1.00", t=4)
    player.client.get("/event")
    after = look()
    event = {"method": "POST", "route": "/event"}
    moved = [
        ("http_requests_total", {**event, "status": "200"}),
        ("http_requests_total", {**event, "status": "400"}),
        ("http_requests_total", {"method": "GET", "route": "unmatched", "status": "405"}),
        ("http_refusals_total", {"problem": "out-of-order"}),
        ("http_refusals_total", {"problem": "method-not-allowed"}),
    ]
    for name, labels in moved:
        assert after.of(name, **labels) - before.of(name, **labels) == 1, (name, labels)


def test_latency_buckets_start_at_a_millisecond(player: Player, look: Look) -> None:
    before = look()
    for t in range(3):
        player.deposit("1.00", t=t)
    after, count = look(), "http_request_duration_seconds_count"
    bounds = sorted(float(labels["le"]) for labels in after.all_of(BUCKET) if labels["route"] == "/event")
    assert (bounds[0], bounds[-2:]) == (0.001, [10, float("inf")])
    assert after.of(count, route="/event") - before.of(count, route="/event") == 3
    assert after.of(BUCKET, route="/event", le="+Inf") == after.of(count, route="/event")


def test_unknown_paths_create_no_new_series(player: Player, look: Look) -> None:
    look()  # this is a request too, which the next look shows
    player.client.get("/nowhere")
    before = look()
    for number in range(50):
        player.client.get(f"/nowhere/{player.user_id}/{number}")
    after = look()
    assert after.samples.keys() - before.samples.keys() == set()
    unmatched = {"method": "GET", "route": "unmatched", "status": "404"}
    assert after.of("http_requests_total", **unmatched) - before.of("http_requests_total", **unmatched) == 50


def test_concurrent_events_are_counted_across_all_workers(new_player: Callable[[], Player], look: Look) -> None:
    before = look().of("activity_events_stored_total", type="deposit")
    for player in (new_player() for _ in range(40)):
        body = player.event("deposit", "1.00", 1).body()
        assert player.client.post("/event", json=body, headers=NEW_CONNECTION).status_code == 200
    seen = {look().of("activity_events_stored_total", type="deposit") for _ in range(8)}
    assert seen == {before + 40}


def test_openmetrics_is_served_on_request(client: httpx.Client) -> None:
    response = client.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def test_metrics_accept_only_get(client: httpx.Client) -> None:
    assert client.post("/metrics").status_code == 405
