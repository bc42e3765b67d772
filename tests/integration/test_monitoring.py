"""Alerts, dashboard and their document use only metrics and labels that the running service has."""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.integration.conftest import Sql
from tests.integration.servers import MAX_WAIT, Serve, await_answer, post

FOLDER = Path("docs/monitoring")
OF_PROMETHEUS = {"up": {"job", "instance"}, "ALERTS": {"job", "alertname", "alertstate", "severity"}}
ADDED = {"job", "instance"}  # by Prometheus, to every series

STRING = re.compile(r'"[^"]*"')
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\b(?: *\(([^)]*)\))?")
SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*) *(?:\{([^}]*)\})?(?! *[a-zA-Z0-9_:(])")
RANGE = re.compile(r"\[[^\]]*\]")
WORDS = {"and", "or", "unless", "bool", "offset"}


def selected(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each metric that an expression reads, with the labels that it selects."""
    bare = GROUPING.sub(" ", RANGE.sub(" ", STRING.sub('""', expression)))
    for name, matchers in SELECTOR.findall(bare):
        if name not in WORDS:
            yield name, set(re.findall(r"(\w+) *(?:=~|!~|!=|=)", matchers))


def grouped_by(expression: str) -> set[str]:
    """Return the labels that an expression groups by."""
    listed = ",".join(GROUPING.findall(STRING.sub('""', expression)))
    return {label.strip() for label in listed.split(",")} - {""}


def asked_for(expression: str, *labels: str) -> Iterator[tuple[str, str]]:
    """Yield the values that an expression asks of these labels to have, or not to have."""
    return iter(re.findall(rf'\b({"|".join(labels)}) *(?:=~|!~|!=|=) *"([^"]*)"', expression))


def alert_expressions() -> Iterator[str]:
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    return (rule["expr"] for group in rules["groups"] for rule in group["rules"])


def dashboard_expressions() -> Iterator[str]:
    board = json.loads((FOLDER / "dashboard.json").read_text())
    yield from (target["expr"] for panel in board["panels"] for target in panel.get("targets", ()))
    yield from (note["expr"] for note in board["annotations"]["list"] if "expr" in note)
    for variable in board["templating"]["list"]:
        yield from re.findall(r"label_values\((.*), *\w+\)", variable.get("definition", ""))


EXPRESSIONS = [*alert_expressions(), *dashboard_expressions()]


ENDPOINT = """
    INSERT INTO endpoint (name, url, format, per_second, key, made_by)
    VALUES ('crm', 'https://example.com', 'standard', 10, '', 'ann')
"""


@pytest.fixture
def samples(serve: Serve, port: int, sql: Sql) -> list[Sample]:
    """The metrics of a running service that tells somebody, after a request of each watched kind."""
    sql(ENDPOINT)
    serve()
    await_answer(port, 1)
    assert post(port, 2, path="/api/events") == 200
    assert fetched(port, "/health/ready")
    families = text_string_to_metric_families(fetched(port, "/metrics"))
    return [sample for each in families for sample in each.samples]


@pytest.fixture
def shown(samples: list[Sample]) -> dict[str, set[str]]:
    """The names of the samples, each with its labels."""
    names = {sample.name for sample in samples}
    return {name: {label for each in samples if each.name == name for label in each.labels} for name in names}


@pytest.fixture
def values(samples: list[Sample]) -> dict[str, set[str]]:
    """The labels, each with its values."""
    labels = {label for sample in samples for label in sample.labels}
    return {label: {each.labels[label] for each in samples if label in each.labels} for label in labels}


def fetched(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=MAX_WAIT) as answer:
        return str(answer.read().decode())


def test_every_expression_uses_existing_metrics(shown: dict[str, set[str]]) -> None:
    known = {**shown, **OF_PROMETHEUS}
    assert len(EXPRESSIONS) > 30
    for expression in EXPRESSIONS:
        read = list(selected(expression))
        assert read, expression
        for name, labels in read:
            assert name in known, f"{name} of {expression}"
            assert labels <= known[name] | ADDED, expression
        assert grouped_by(expression) <= set().union(*(known[name] for name, _ in read)) | ADDED, expression


def test_every_label_value_in_an_expression_exists(values: dict[str, set[str]]) -> None:
    asked = [pair for expression in EXPRESSIONS for pair in asked_for(expression, "problem", "reason", "route")]
    assert len(asked) > 10
    for label, pattern in asked:
        for alternative in pattern.split("|"):
            assert any(re.fullmatch(alternative, value) for value in values[label]), f"no {label} is {alternative}"


@pytest.mark.parametrize("source", [alert_expressions, dashboard_expressions])
def test_every_metric_is_watched(shown: dict[str, set[str]], source: Any) -> None:  # noqa: ANN401  # of two
    read = {family(name) for expression in source() for name, _ in selected(expression)}
    unwatched = {family(name) for name in shown} - read
    # What players do, and upgrades, need no alert.
    nothing_to_wake_for = {"activity_event_replays", "activity_alert_codes_raised", "activity_service_info"}
    nothing_to_wake_for |= {"activity_shadow_cpu_seconds", "http_requests_waited"}
    nothing_to_wake_for |= {"activity_late_events", "activity_corrections"}
    nothing_to_wake_for |= {"activity_codes_found_late", "activity_codes_retracted"}
    nothing_to_wake_for |= {"activity_outbox_notes", "activity_feed_number", "activity_cases_unattached_alerts"}
    expected = nothing_to_wake_for if source is alert_expressions else set()
    assert unwatched == expected


def test_the_document_explains_every_metric_and_no_other(shown: dict[str, set[str]]) -> None:
    document = (FOLDER / "README.md").read_text()
    explained = dict(re.findall(r"^\| `([a-z_]+)` \| ((?:`[a-z]+`(?:, )?)*) ?\|", document, re.MULTILINE))
    assert {family(name) for name in explained} == {family(name) for name in shown}
    for name, labels in explained.items():
        of_samples = set().union(*(shown[each] for each in shown if family(each) == family(name))) - {"le"}
        assert set(re.findall(r"`(\w+)`", labels)) == of_samples, name


def family(name: str) -> str:
    """Return the name without what tells the parts of a counter or a histogram apart."""
    return re.sub(r"_(total|bucket|sum|count)$", "", name)


def test_the_expression_parser_finds_metrics_and_labels() -> None:
    expression = 'sum by (a, b) (rate(x_total{c="sum(y)", d=~"1|2"}[5m])) / ignoring (e) group_left sum(z) or vector(0)'
    assert list(selected(expression)) == [("x_total", {"c", "d"}), ("z", set())]
    assert grouped_by(expression) == {"a", "b", "e"}
    assert list(asked_for(expression, "c", "d")) == [("c", "sum(y)"), ("d", "1|2")]
