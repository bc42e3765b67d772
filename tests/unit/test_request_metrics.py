"""Requests are counted by the service's own routes, so that no client can create series."""

import secrets
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY, Metric

from lib.answers import SecurityHeaders
from lib.metrics.requests import METHODS, count_answer, request_count
from lib.request_ids import RequestIds

PAUSE = 0.02  # seconds


@pytest.fixture
def app() -> Flask:
    app = Flask("things")

    @app.get("/things/<int:number>")
    def thing(number: int) -> str:
        return str(number)

    @app.get("/slow")
    def slow() -> str:
        time.sleep(PAUSE)
        return "done"

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError

    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    answers = SecurityHeaders(app.wsgi_app, on_response=count_answer, lingering=1)
    app.wsgi_app = RequestIds(answers)  # type: ignore[method-assign]  # Flask's way
    return app.test_client()


def requests(method: str, route: str, status: str) -> float:
    labels = {"method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("http_requests_total", labels) or 0


def bucket(route: str, le: str) -> float:
    return REGISTRY.get_sample_value("http_request_duration_seconds_bucket", {"route": route, "le": le}) or 0


def series() -> set[tuple[str, ...]]:
    return {(each.name, *sorted(each.labels.values())) for metric in http_metrics() for each in metric.samples}


def http_metrics() -> Iterator[Metric]:
    return (metric for metric in REGISTRY.collect() if metric.name.startswith("http_"))


def test_a_request_counts_for_its_route_whatever_the_path_parameters(client: FlaskClient) -> None:
    before = requests("GET", "/things/<int:number>", "200")
    for number in range(3):
        client.get(f"/things/{number}")
    assert requests("GET", "/things/<int:number>", "200") == before + 3


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", "404"), ("GET", "/things/x", "404"), ("PUT", "/slow", "405")]
)
def test_unmatched_requests_share_one_label(client: FlaskClient, method: str, path: str, status: str) -> None:
    before = requests(method, "unmatched", status)
    client.open(path, method=method)
    assert requests(method, "unmatched", status) == before + 1


def test_a_defect_counts_as_500(client: FlaskClient) -> None:
    before = requests("GET", "/broken", "500")
    assert client.get("/broken").status_code == 500
    assert requests("GET", "/broken", "500") == before + 1


def test_invented_paths_and_methods_create_no_new_series(client: FlaskClient) -> None:
    for method in (*METHODS, "BREW"):
        client.open("/nowhere", method=method)
    known, remembered = series(), request_count.cache_info().currsize
    for _ in range(1000):
        made_up = secrets.token_urlsafe(8)
        client.open(f"/{made_up}", method=secrets.choice((*METHODS, made_up.upper())))
    assert series() == known
    assert request_count.cache_info().currsize == remembered


def test_the_time_of_a_request_is_in_seconds_and_in_its_bucket(client: FlaskClient) -> None:
    below, above = bucket("/slow", "0.01"), bucket("/slow", "+Inf")
    client.get("/slow")
    assert bucket("/slow", "0.01") == below
    assert bucket("/slow", "+Inf") == above + 1


def test_the_buckets_range_from_a_millisecond_to_ten_seconds(client: FlaskClient) -> None:
    client.get("/slow")
    bounds = [
        each.labels["le"]
        for metric in http_metrics()
        for each in metric.samples
        if each.name == "http_request_duration_seconds_bucket" and each.labels["route"] == "/slow"
    ]
    assert (bounds[0], bounds[-2:]) == ("0.001", ["10.0", "+Inf"])
