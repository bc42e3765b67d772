"""Whichever way the events of a player come, and whatever the rules are, the codes are those of the oracle."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.events.domain import MeaningOfT
from app.rulebook.forms import format_rules
from app.rules.event import ActivityEvent, EventType
from app.rules.rule import Rule
from testkit.oracle import codes_after
from tests.builders import as_sent, played_by
from tests.integration.batches import results, send_lines
from tests.integration.books import publish, shadow
from tests.integration.clients import codes
from tests.integration.conftest import AppWith, Sql
from tests.integration.importing import csv_of, imported
from tests.integration.judging import verified
from tests.strategies import CROWDED, EDITIONS, STARTS

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

USERS = count(1)
BELIEVED = """
    SELECT coalesce((SELECT codes_after FROM revision WHERE user_id = %s AND t = event.t AND n = event.n
                     ORDER BY no DESC LIMIT 1), alert_codes)
    FROM activity_event AS event WHERE user_id = %s ORDER BY t, n
"""
IN_SHADOW = """
    SELECT ARRAY(SELECT code FROM alert WHERE shadow AND user_id = event.user_id AND t = event.t AND n = event.n
                 ORDER BY code)
    FROM activity_event AS event WHERE user_id = %s ORDER BY t, n
"""


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(late_events="keep", late_horizon=timedelta(days=4000), t_is=MeaningOfT.UNIX, t_ahead=None)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(EDITIONS, EDITIONS, CROWDED, STARTS, st.randoms(use_true_random=False))
def test_the_codes_of_any_edition(  # noqa: PLR0913, PLR0917  # the four ways need all of them
    app: APIFlask,
    client: FlaskClient,
    sql: Sql,
    tmp_path: Path,
    rules: list[Rule],
    beside: list[Rule],
    played: list[tuple[EventType, Decimal, int]],
    start: int,
    random: Random,
) -> None:
    publish(app, rules)
    shadow(app, beside)

    def history() -> list[ActivityEvent]:
        return played_by(next(USERS), played, start=start)

    wanted, in_shadow = (codes_of_each(history(), each) for each in (rules, beside))
    single = history()
    assert [codes(client.post("/event", json=as_sent(each).body())) for each in single] == wanted
    batch = history()
    sent = results(send_lines(client, [as_sent(each).body() for each in batch]))
    assert [each["alert_codes"] for each in sent] == wanted
    file = history()
    imported(app, csv_of(tmp_path / "events.csv", file), span=7)
    for events in (single, batch, file):
        assert believed(sql, events) == wanted
        assert [found for (found,) in sql(IN_SHADOW, events[0].user_id)] == in_shadow
    late = in_another_order(history(), random)
    assert {client.post("/event", json=as_sent(each).body()).status_code for each in late} == {200}
    assert believed(sql, late) == wanted, "the shadow is not judged again, so nothing is said of it"
    findings = verified(app)
    assert (findings.differences, findings.losses) == ([], [])


def codes_of_each(events: list[ActivityEvent], rules: list[Rule]) -> list[list[int]]:
    """Return the codes that each event raises, as the oracle has them."""
    sent, written = [as_sent(each) for each in events], format_rules(rules)
    return [codes_after(sent[:number], written) for number in range(1, len(sent) + 1)]


def believed(sql: Sql, events: list[ActivityEvent]) -> list[list[int]]:
    user_id = events[0].user_id
    return [found for (found,) in sql(BELIEVED, user_id, user_id)]


def in_another_order(events: list[ActivityEvent], random: Random) -> list[ActivityEvent]:
    """Shuffle the seconds; events that share one stay in their order."""
    seconds = list({event.t for event in events})
    random.shuffle(seconds)
    return sorted(events, key=lambda event: seconds.index(event.t))
