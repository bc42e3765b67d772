"""The demo: filled through the service's own ways, with cases in every state, the same for a seed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from apiflask import APIFlask

from app.cases.domain import Outcome, Status
from app.events.domain import MeaningOfT
from app.staff.domain import State
from app.staff.permissions import Role
from app.staff.setting_up import follow_sign_in_link
from demo import casework
from demo.filling import fill
from demo.people import TEAM
from demo.play import STYLES, month, styles
from demo.site import DemoFailed, Site, this_site, waiting
from demo.staffing import BROWSER, links
from tests.integration.conftest import EMPTY, FIRST_EDITION, AppWith, Sql
from tests.integration.staffing import session_of
from tests.integration.wiring import wiring

PLAYERS = 240  # fewer than the demo has, which changes nothing but the time that this takes
UNTIL = 1_800_000_000


@contextmanager
def silently(_: str) -> Iterator[None]:
    yield


def drain(site: Site) -> None:
    """Do what the worker does, until nothing waits."""
    errands = [duty.errand for duty in site.work.duties if duty.name in {"feed", "cases"}]
    deadline = time.monotonic() + 60
    while waiting(site) != (0, 0):
        assert time.monotonic() < deadline
        for errand in errands:
            while errand.run_once():
                pass


def site_of(app: APIFlask) -> Site:
    client = app.test_client()

    def post(path: str, body: str) -> tuple[int, str]:
        answer = client.post(path, data=body, content_type="application/json")
        return answer.status_code, answer.text

    return this_site(post, settle=drain, await_edition=wiring(app).rule_book.refresh)


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(t_is=MeaningOfT.UNIX, log_level="WARNING")


@pytest.fixture
def site(app: APIFlask) -> Iterator[Site]:
    with app.app_context():
        made = site_of(app)
        fill(made, silently, until=UNTIL, number=PLAYERS)
        yield made


WORK = """
    SELECT user_id, status, strength, priority, codes, alert_count, outcome, assignee IS NULL, snoozed_until IS NULL,
        (SELECT array_agg((step, regexp_replace(who, '^staff:[0-9]+ ', ''), note) ORDER BY seq) FROM case_event
            WHERE case_id = care_case.id AND step <> 'alerts')
    FROM care_case ORDER BY user_id, id"""


def test_a_filled_demo_has_everything_that_a_console_shows(site: Site, app: APIFlask, sql: Sql) -> None:
    found = {status: casework.cases(site, status) for status in Status}
    everything = [case for cases in found.values() for case in cases]
    assert all(found.values()), {status.value: len(cases) for status, cases in found.items()}
    assert {case.outcome for case in found[Status.CLOSED]} == {*Outcome}
    assert {case.priority for case in everything} == {0, 1, 2, 3}
    assert any(case.snoozed_until for case in everything)
    assert any(case.reopened_from for case in everything)
    assert any(case.strength.value == "strong" and case.status is Status.NEW for case in everything)
    assert len({case.assignee for case in found[Status.IN_REVIEW]}) > 2
    assert sql("SELECT count(*) > 0 FROM care_case WHERE indicator IS NOT NULL") == [(True,)]
    steps = {step for (step,) in sql("SELECT DISTINCT step FROM case_event")}
    assert steps >= {"open", "alerts", "take", "assign", "release", "snooze", "wait", "close", "undo", "note", "mute"}
    assert sql("SELECT count(*) > 0 FROM case_mute WHERE ended_at IS NULL") == [(True,)]
    assert sql('SELECT count(*) > 10, count(DISTINCT "by"), count(DISTINCT channel) > 2 FROM interaction') == [
        (True, 2, True)
    ]
    assert sql("SELECT kind, count(*) > 0 FROM awaited GROUP BY kind ORDER BY kind") == [
        ("contest", True),
        ("evaluation", True),
        ("review", True),
    ]
    assert sql("SELECT count(DISTINCT step) FROM action_step") == [(5,)]
    assert sql("SELECT count(*) FROM evaluation_conclusion") == [(3,)]
    assert sql("SELECT count(*) FROM saved_view") == [(3,)]
    assert sql("SELECT count(*) FROM case_draft") == [(1,)]
    assert sql("SELECT max(t) <= %s FROM activity_event", UNTIL) == [(True,)]
    editions = sql(
        "SELECT edition, status::text, count(DISTINCT activity_event.user_id) > 0 FROM rule_book"
        " LEFT JOIN activity_event USING (edition) GROUP BY 1, 2 ORDER BY 1"
    )
    states = ["retired", "retired", "live", "shadow", "draft"]
    assert editions == [(no, state, no in {2, 3}) for no, state in enumerate(states, start=1)]
    assert sql("SELECT edition, against, state FROM backtest_job") == [(5, 3, "waiting")]
    for command in (["cases", "verify"], ["rules", "verify"]):
        done = app.test_cli_runner().invoke(args=command)
        assert done.exit_code == 0, done.output


def test_its_team_has_every_role_and_its_links_sign_in(site: Site, sql: Sql) -> None:
    states = {state for (state,) in sql("SELECT DISTINCT state FROM staff_account")}
    assert states == {state.value for state in State}
    assert {role for member in TEAM for role in member.roles} == {*Role}
    made = links(site)
    assert [member.roles[0].value for member, _ in made] == ["analyst", "lead", "admin"]
    for member, link in made:
        arrived = follow_sign_in_link(site.staff, link.token, BROWSER)
        assert session_of(site.staff, arrived.token).account.email == member.email


def test_the_same_seed_gives_the_same_work(site: Site, sql: Sql, app: APIFlask) -> None:
    first = sql(WORK)
    assert len(first) > PLAYERS / 4
    sql(f"{EMPTY};{FIRST_EDITION}")
    wiring(app).rule_book.refresh()
    fill(site, silently, until=UNTIL, number=PLAYERS)
    assert sql(WORK) == first


def test_a_month_depends_on_its_seed_and_end_alone() -> None:
    played = month(seed=1, players=50, until=UNTIL)
    assert played == month(seed=1, players=50, until=UNTIL)
    assert played != month(seed=2, players=50, until=UNTIL)
    assert len({(event.user_id, event.t) for event in played}) == len(played)
    assert max(event.t for event in played) <= UNTIL
    assert set(styles(1, 50)) == {*STYLES}


def test_a_refused_event_ends_the_filling(app_with: AppWith) -> None:
    app = app_with(t_is=MeaningOfT.UNIX, t_ahead=300)
    with app.app_context():
        site = site_of(app)
        with pytest.raises(DemoFailed, match="the service refused events"):
            fill(site, silently, until=4_000_000_000, number=10)
