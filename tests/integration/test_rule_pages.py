"""The pages of the rule book: editions, drafts of every kind, publication by another, the way back (A82, A84)."""

import html
import re
from collections.abc import Mapping
from typing import Any

import pytest
from apiflask import APIFlask
from werkzeug.test import TestResponse

from app.rulebook import controllers
from app.rulebook.approval import Change
from app.rulebook.drafts import parse_draft
from app.rulebook.forms import format_rules
from app.rulebook.reading.controllers import edition as edition_of
from app.rulebook.rule_fields import fields_of
from app.rulebook.toml import parse_toml
from app.rules.kinds import KINDS
from app.staff import setting_up, signing_in
from app.staff.permissions import Role
from app.staff.services import StaffServices
from lib.services import services_of
from tests import rules_of_kinds
from tests.edition_1 import RULES as FIRST_RULES
from tests.integration import staffing
from tests.integration.conftest import Sql
from tests.integration.staffing import CLOCK, Tab, tab_of
from tests.integration.wiring import wiring
from tests.markup import EVIL

RULES = "/console/rules"
NEW, TOML = f"{RULES}/new", f"{RULES}/new/toml"
ON = "INSERT INTO rule_policy_change (step, who, note) VALUES ('on', 'FOUR_EYES=true', '')"
LIVE = "SELECT edition, split_part(published_by, ' ', 2) FROM rule_book WHERE status = 'live'"


@pytest.fixture(autouse=True)
def clock_of_codes(monkeypatch: pytest.MonkeyPatch, rules_refreshed_by_hand: None) -> None:  # noqa: ARG001  # as named
    monkeypatch.setattr(CLOCK, "ahead", 0.0)
    for module in (signing_in, setting_up):
        monkeypatch.setattr(module, "time", CLOCK)


@pytest.fixture
def author(app: APIFlask) -> Tab:
    return tab_of(app, Role.AUTHOR)


@pytest.fixture
def publisher(app: APIFlask) -> Tab:
    return tab_of(app, Role.PUBLISHER, email="ben@example.com", name="Ben Jones")


def sent_by(text: str) -> dict[str, list[str]]:
    """Return what a browser without scripts sends of the form of a draft as it stands: all of its fields."""
    body = text[text.index('<form class="form rules"') :]
    found: dict[str, list[str]] = {}

    def put(name: str, value: str) -> None:
        found.setdefault(html.unescape(name), []).append(html.unescape(value))

    for tag in re.findall(r"<input [^>]*>", body):
        kind, name = re.search(r'type="(\w+)"', tag), re.search(r' name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        assert kind
        assert name
        if kind[1] != "checkbox" or " checked" in tag:
            put(name[1], value[1] if value else "")
    for name, value in re.findall(r'<textarea id="[^"]+" name="([^"]+)"[^>]*>\n(.*?)</textarea>', body, re.DOTALL):
        put(name, value)
    for name, options in re.findall(r'<select id="[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', body, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        assert chosen
        put(name, chosen[1])
    return found


def send(tab: Tab, path: str, fields: Mapping[str, Any], **more: object) -> TestResponse:
    given = {name: value for name, value in fields.items() if name not in {"csrf", *more}}
    return tab.post(path, **given, **more)


def draft(app: APIFlask, author: str, *, above: str = "150.00") -> int:
    """Draft the live rules with another threshold, as this actor; return the edition."""
    plain = format_rules(FIRST_RULES)
    plain[-1]["above"] = above
    return controllers.draft(wiring(app).database, parse_draft(plain), Change(actor=author)).edition


def name_in(sql: Sql, email: str) -> str:
    [(account, name)] = sql("SELECT id, name FROM staff_account WHERE email = %s", email)
    return f"staff:{account} {name}"


def test_the_list_shows_which_edition_is_live_and_which_runs_in_the_shadow(author: Tab, app: APIFlask) -> None:
    edition = draft(app, "ann")
    assert author.post(f"{RULES}/{edition}/shadow").location == f"{RULES}/{edition}"
    text = author.get(RULES).text
    assert "now runs in the shadow" in author.get(f"{RULES}/{edition}").text or "now runs in the shadow" in text
    assert re.search(r">1</a>.*?Live.*?migration 0004", text, re.DOTALL)
    assert re.search(r">2</a>.*?Shadow", text, re.DOTALL)
    assert 'href="/console/rules" aria-current="page" data-key="g r"' in text
    author.post(f"{RULES}/{edition}/retire")
    assert "Retired" in author.get(f"{RULES}/{edition}").text


def test_an_edition_shows_its_rules_in_words_as_toml_and_what_differs(author: Tab, app: APIFlask) -> None:
    edition = draft(app, "ann")
    text = html.unescape(author.get(f"{RULES}/{edition}").text)
    assert "A withdrawal above 150.00" in text or "150.00" in text
    assert 'above = "150.00"' in text
    assert "1100: above 100.00 → 150.00" in text
    beside = html.unescape(author.get(f"{RULES}/{edition}/diff").text)
    assert re.search(r"1100 <bdi>large withdraw</bdi>.*?Changed.*?100.00.*?150.00.*?Differs", beside, re.DOTALL)
    assert "30 <bdi>withdraws in a row</bdi>: the same" in beside
    assert author.get(f"{RULES}/{edition}/diff?from=99").status_code == 404


@pytest.mark.parametrize("path", ["99", "99999999999999999999", "0", "99/publish", "99/diff", "99/compare", "tests/99"])
def test_what_does_not_exist_is_a_page_that_says_so(publisher: Tab, path: str) -> None:
    response = publisher.get(f"{RULES}/{path}")
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert "Page not found" in response.text


EVERY = [
    rules_of_kinds.written(kind, code, **rules_of_kinds.changes(kind), groups=["vip"], indicator="a", guidance="Call.")
    for code, kind in enumerate(KINDS, start=1)
]


def test_a_draft_with_a_rule_of_each_kind_comes_back_from_its_form_as_it_was(author: Tab, app: APIFlask) -> None:
    rules = parse_draft(EVERY)
    first = controllers.draft(wiring(app).database, rules, Change(actor="ann")).edition
    shown = author.get(f"{NEW}?edition={first}")
    saved = send(author, NEW, sent_by(shown.text), step="save")
    assert saved.location == f"{RULES}/{first + 1}", saved.text
    found = edition_of(wiring(app).database, first + 1)
    assert (found.rules, found.based_on, found.author) == (rules, first, "staff:" + found.author.split(":")[1])


def test_a_rule_of_each_kind_is_added_typed_and_saved_without_scripts(author: Tab, app: APIFlask) -> None:
    fields = sent_by(author.get(NEW).text)
    for no in fields["rule"]:
        fields = sent_by(send(author, NEW, fields, step=f"remove-{no}").text)
    assert "rule" not in fields
    for code, kind in enumerate(KINDS, start=1):
        added = send(author, NEW, fields, step="add", kind=kind)
        assert added.status_code == 200
        fields = sent_by(added.text)
        no = fields["rule"][-1]
        assert re.search(rf'<input id="f-r{no}-code"[^>]* autofocus', added.text)
        typed = {**rules_of_kinds.written(kind, code), "name": f"rule of {kind}"}
        assert {f"r{no}-{each.name}" for each in fields_of(kind)} <= fields.keys() | {f"r{no}-evaluated_on"}
        fields |= {f"r{no}-{name}": value if isinstance(value, list) else [str(value)] for name, value in typed.items()}
    saved = send(author, NEW, fields, step="save", note="every kind")
    assert saved.status_code == 303, re.findall(r'class="error".*', saved.text)
    edition = int(saved.location.rpartition("/")[2])
    assert [rule.kind for rule in edition_of(wiring(app).database, edition).rules] == list(KINDS)


def test_each_wrong_value_is_said_beside_its_field_and_nothing_typed_is_lost(author: Tab, sql: Sql) -> None:
    fields = sent_by(author.get(NEW).text)
    by_code = {fields[f"r{no}-code"][0]: no for no in fields["rule"]}
    fields |= {
        f"r{by_code['1100']}-above": ["much"],
        f"r{by_code['123']}-seconds": ["a while"],
        f"r{by_code['30']}-count": [""],
        f"r{by_code['30']}-name": [EVIL],
        f"r{by_code['300']}-evaluated_on": [],
        f"r{by_code['300']}-groups": ["Big Spenders"],
        "note": ["why not"],
    }
    response = send(author, NEW, fields, step="save")
    assert response.status_code == 400
    assert "<title>Error: " in response.text
    for name, message in {
        f"r{by_code['1100']}-above": "Must be a plain decimal",
        f"r{by_code['123']}-seconds": "Enter a length from 1 s to 366 d",
        f"r{by_code['30']}-count": "Enter a value.",
        f"r{by_code['300']}-evaluated_on": "Tick at least one.",
        f"r{by_code['300']}-groups": "Must be 1 to 32",
    }.items():
        assert re.search(rf'id="f-{name}-error">.*?{re.escape(message)}', response.text, re.DOTALL), name
        assert re.search(rf'aria-describedby="[^"]*f-{name}-error"', response.text), name
        assert f'<a href="#f-{name}">' in response.text
    assert EVIL not in response.text
    sent = sent_by(response.text)
    assert {name: value for name, value in sent.items() if name not in {"form_id", "csrf", "kind"}} == {
        name: value for name, value in fields.items() if name not in {"form_id", "csrf", "kind"} and value
    }
    assert sql("SELECT count(*) FROM rule_book") == [(1,)]


def test_a_form_that_is_sent_twice_drafts_once(author: Tab, sql: Sql) -> None:
    fields = sent_by(author.get(NEW).text)
    answers = [send(author, NEW, fields, step="save").location for _ in range(2)]
    assert answers == [f"{RULES}/2"] * 2
    assert sql("SELECT count(*) FROM rule_book") == [(2,)]
    send(author, NEW, fields, step="save", note="another")
    assert sql("SELECT count(*) FROM rule_book") == [(3,)]


def test_toml_and_form_lead_to_each_other_and_save_the_same(author: Tab, app: APIFlask) -> None:
    as_toml = send(author, NEW, sent_by(author.get(NEW).text), step="toml", note="so")
    text = sent_by(as_toml.text)["toml"][0]
    assert parse_toml(text) == parse_toml(sent_by(author.get(TOML).text)["toml"][0])
    assert sent_by(as_toml.text)["note"] == ["so"]
    back = send(author, TOML, sent_by(as_toml.text), step="form")
    assert sent_by(back.text)["rule"] == ["0", "1", "2", "3"]
    saved = send(author, TOML, sent_by(as_toml.text), step="save", toml=text.replace('"100.00"', '"90.00"'))
    assert saved.location == f"{RULES}/2"
    assert str(edition_of(wiring(app).database, 2).rules[-1].above) == "90.00"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("rules = [", "Is not valid TOML"),
        ("[[rules]]\nkind = 'magic'", "Must be one of threshold"),
        ("[[rules]]\nkind = 'streak'\ncolour = 'red'", "colour: Unknown field"),
        (
            "based_on = 99\n[[rules]]\ncode = 1\nkind = 'streak'\nname='a'\ndescription='b'\ntype='deposit'\ncount=3",
            "99",
        ),
    ],
)
@pytest.mark.parametrize("step", ["save", "form"])
def test_wrong_toml_is_said_and_kept(author: Tab, toml: str, said: str, step: str, sql: Sql) -> None:
    response = author.post(TOML, toml=toml, step=step, note="kept")
    if step == "form" and "99" in said:
        assert response.status_code == 200
        return
    assert response.status_code == 400
    assert said in html.unescape(response.text)
    assert sent_by(response.text)["toml"] == [toml]
    assert sent_by(response.text)["note"] == ["kept"]
    assert sql("SELECT count(*) FROM rule_book") == [(1,)]


def test_a_template_begins_a_draft_beside_the_live_rules_or_instead_of_them(author: Tab) -> None:
    assert "Markers of harm" in author.get(f"{RULES}/templates").text
    alone = sent_by(author.get(f"{NEW}?template=markers-of-harm").text)
    beside = sent_by(author.get(f"{NEW}?add=1&template=markers-of-harm").text)
    assert len(beside["rule"]) == len(alone["rule"]) + 4
    assert alone["based_on"] == beside["based_on"] == ["1"]
    clash = sent_by(author.get(f"{NEW}?add=1&template=statement").text)
    refused = send(author, NEW, clash, step="check")
    assert refused.text.count("Is given to more than one rule.") >= 8
    assert author.get(f"{NEW}?template=unknown").status_code == 404


@pytest.mark.parametrize("fields", [{"rule": "x"}, {"rule": "0"}, {"rule": "0", "r0-kind": "magic"}])
def test_a_form_that_no_page_has_is_refused(author: Tab, fields: dict[str, str]) -> None:
    assert author.post(NEW, step="save", **fields).status_code == 400


def test_a_kind_that_does_not_exist_adds_no_rule(author: Tab) -> None:
    fields = sent_by(author.get(NEW).text)
    added = send(author, NEW, fields, step="add", kind="magic")
    assert (added.status_code, sent_by(added.text)["rule"]) == (200, fields["rule"])


def test_while_nothing_is_live_a_draft_begins_empty(author: Tab, publisher: Tab, app: APIFlask, sql: Sql) -> None:
    edition = draft(app, "ann")
    sql("UPDATE rule_book SET status = 'retired' WHERE edition = 1")
    assert "There is no rule yet" in author.get(NEW).text
    assert "No edition is live" in author.get(RULES).text
    assert "No edition is live now" in publisher.get(f"{RULES}/{edition}/publish").text
    assert publish(publisher, edition).status_code == 303
    assert "is live already" in publisher.get(f"{RULES}/{edition}/publish").text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"based_on": "99"}, "There is no edition 99"),
        ({"note": "x" * 501}, "Use at most 500"),
        ({"note": "\a"}, "printed"),
    ],
)
def test_a_wrong_base_or_note_is_said_and_kept(author: Tab, changed: dict[str, str], said: str, sql: Sql) -> None:
    fields = sent_by(author.get(NEW).text)
    response = send(author, NEW, {**fields, **{name: [text] for name, text in changed.items()}}, step="save")
    assert (response.status_code, said in response.text) == (400, True)
    assert sent_by(response.text)["rule"] == fields["rule"]
    if "note" in changed:
        assert author.post(TOML, toml=author_toml(author), step="save", **changed).status_code == 400
    assert sql("SELECT count(*) FROM rule_book") == [(1,)]


def author_toml(tab: Tab) -> str:
    return sent_by(tab.get(TOML).text)["toml"][0]


def test_a_hundred_rules_fit_into_the_form(author: Tab, app: APIFlask) -> None:
    texts = {"name": "n" * 90, "description": "d " * 150, "guidance": "g " * 150}
    many = [rules_of_kinds.written("streak", code, **texts) for code in range(1, 101)]
    first = controllers.draft(wiring(app).database, parse_draft(many), Change(actor="ann")).edition
    saved = send(author, NEW, sent_by(author.get(f"{NEW}?edition={first}").text), step="save")
    assert saved.location == f"{RULES}/{first + 1}"


def publish(tab: Tab, edition: int, **fields: object) -> TestResponse:
    """Send the form of a publication as its page shows it."""
    shown = re.search(r'name="over" value="(\d+)"', tab.get(f"{RULES}/{edition}/publish").text)
    over = {"over": shown[1]} if shown else {}
    return tab.post(f"{RULES}/{edition}/publish", **{"number": edition, **over, **fields})


def test_with_four_eyes_another_person_publishes_and_goes_back(author: Tab, publisher: Tab, sql: Sql) -> None:
    sql(ON)
    send(author, NEW, sent_by(author.get(NEW).text), step="save", note="fewer")
    assert author.get(f"{RULES}/2/publish").status_code == 403
    done = publish(publisher, 2, note="agreed")
    assert done.location == f"{RULES}/2", done.text
    assert sql(LIVE) == [(2, "Ben")]
    assert sql("SELECT who, note, four_eyes FROM rule_book_audit WHERE step = 'publish' ORDER BY id DESC LIMIT 1") == [
        (name_in(sql, "ben@example.com"), "agreed", True)
    ]
    assert "Ben Jones" in author.get(f"{RULES}/2").text
    assert 'action="/console/rules/1/back"' in publisher.get(RULES).text
    assert publisher.post(f"{RULES}/1/back", over=2).location == f"{RULES}/1"
    assert sql(LIVE) == [(1, "Ben")]
    assert publisher.post(f"{RULES}/2/back", over=1).location == f"{RULES}/2"
    assert sql(LIVE) == [(2, "Ben")]
    assert publisher.post(f"{RULES}/1/back", over=1).status_code == 409, "somebody else was faster"


def test_with_four_eyes_nobody_publishes_their_own_draft_nor_that_of_a_key(
    app: APIFlask, publisher: Tab, sql: Sql
) -> None:
    sql(ON)
    own = draft(app, name_in(sql, "ben@example.com"))
    of_key = draft(app, "key:0123456789ab rules")
    at_shell = draft(app, "ben")
    for edition, why in {
        own: "you drafted edition",
        of_key: "drafted with a key",
        at_shell: "drafted at a shell",
    }.items():
        shown = publisher.get(f"{RULES}/{edition}/publish").text
        assert why in shown
        assert 'name="number"' not in shown
        forced = publisher.post(f"{RULES}/{edition}/publish", number=edition, over=1)
        assert (forced.status_code, why in forced.text) == (409, True)
    assert sql(LIVE) == [(1, "0004")]


def test_without_four_eyes_whoever_may_publish_publishes_their_own(publisher: Tab, sql: Sql) -> None:
    send(publisher, NEW, sent_by(publisher.get(NEW).text), step="save")
    assert "nobody knows yet how many alerts" in publisher.get(f"{RULES}/2/publish").text
    assert publish(publisher, 2).status_code == 303
    assert sql(LIVE) == [(2, "Ben")]


@pytest.mark.parametrize("number", ["", "1", "x", "22"])
def test_the_number_of_the_edition_has_to_be_typed(publisher: Tab, app: APIFlask, sql: Sql, number: str) -> None:
    edition = draft(app, "ann")
    response = publish(publisher, edition, number=number, note="why\nnot")
    assert response.status_code == 400
    assert re.search(r'id="f-number-error">.*?Type', response.text, re.DOTALL)
    assert "why\nnot</textarea>" in response.text
    assert sql(LIVE) == [(1, "0004")]


def test_a_publication_needs_a_code_of_the_last_ten_minutes(app: APIFlask, sql: Sql) -> None:
    ben, token = staffing.join(services_of(app, StaffServices), "ben@example.com", Role.PUBLISHER)
    tab, edition = Tab(app, token), draft(app, "ann")
    sql("UPDATE staff_session SET confirmed_at = now() - interval '11 minutes'")
    assert 'name="code"' in tab.get(f"{RULES}/{edition}/publish").text
    wrong = publish(tab, edition, code="000000", note="kept")
    assert wrong.status_code == 403
    assert re.search(r'id="f-code-error">.*?This code is wrong', wrong.text, re.DOTALL)
    assert "kept</textarea>" in wrong.text
    assert tab.post(f"{RULES}/1/back").location == "/console/confirm?next=/console/rules/1"
    assert sql(LIVE) == [(1, "0004")]
    assert publish(tab, edition, code=ben.code()).status_code == 303
    assert sql(LIVE)[0][0] == edition


def test_a_publication_over_another_edition_shows_the_differences_anew(app: APIFlask, publisher: Tab, sql: Sql) -> None:
    one, other = draft(app, "ann"), draft(app, "ann", above="170.00")
    shown = publisher.get(f"{RULES}/{one}/publish").text
    assert 'name="over" value="1"' in shown
    controllers.publish(wiring(app).database, other, Change(actor="ann"), four_eyes=False)
    late = publisher.post(f"{RULES}/{one}/publish", number=one, over=1, note="kept")
    assert late.status_code == 409
    assert "Another edition was published since you opened this page" in late.text
    assert f'name="over" value="{other}"' in late.text
    assert "above 170.00 → 150.00" in html.unescape(late.text)
    assert "kept</textarea>" in late.text
    assert publish(publisher, one).status_code == 303
    assert sql(LIVE) == [(one, "Ben")]


def test_a_publication_sent_twice_is_one(publisher: Tab, app: APIFlask, sql: Sql) -> None:
    edition = draft(app, "ann")
    answers = [publish(publisher, edition, form_id="the same").status_code for _ in range(1)]
    again = publisher.post(f"{RULES}/{edition}/publish", number=edition, over=1, form_id="the same")
    assert (answers, again.status_code) == ([303], 303)
    assert sql("SELECT count(*) FROM rule_book_audit WHERE step = 'publish' AND edition = %s", edition) == [(1,)]


def test_a_draft_is_deleted_or_retired_and_nothing_else_is(author: Tab, app: APIFlask, sql: Sql) -> None:
    edition = draft(app, "ann")
    assert author.post(f"{RULES}/{edition}/delete").location == RULES
    assert author.get(f"{RULES}/{edition}").status_code == 404
    assert author.post(f"{RULES}/1/delete").status_code == 409
    assert author.post(f"{RULES}/1/retire").status_code == 409
    assert author.post(f"{RULES}/1/shadow").status_code == 409
    assert sql("SELECT count(*) FROM rule_book") == [(1,)]
    assert author.post(f"{RULES}/1/retire", note="x" * 501).status_code == 400


def test_names_and_notes_are_shown_as_text(publisher: Tab, app: APIFlask) -> None:
    evil = rules_of_kinds.written("threshold", 1100, name=EVIL, description=EVIL, guidance=EVIL)
    change = Change(actor=EVIL.replace("\n", ""), reason=EVIL)
    edition = controllers.draft(wiring(app).database, parse_draft([evil]), change).edition
    paths = (
        RULES,
        f"{RULES}/{edition}",
        f"{RULES}/{edition}/diff",
        f"{NEW}?edition={edition}",
        f"{TOML}?edition={edition}",
    )
    for path in (*paths, f"{RULES}/{edition}/publish"):
        text = publisher.get(path).text
        assert "<script>alert" not in text, path
        assert "&lt;script&gt;alert" in text, path


def test_pages_have_no_scripts_and_no_styles_of_their_own(publisher: Tab, app: APIFlask) -> None:
    edition = draft(app, "ann")
    for path in (RULES, NEW, TOML, f"{RULES}/templates", f"{RULES}/{edition}", f"{RULES}/{edition}/publish"):
        text = publisher.get(path).text
        assert not re.search(r"<script(?! type=\"module\" src=\"/console/static/)|\son\w+=|style=", text), path


def test_an_edition_that_cannot_be_read_has_a_page(author: Tab, app: APIFlask, sql: Sql) -> None:
    edition = draft(app, "ann")
    sql("ALTER TABLE rule_book DISABLE TRIGGER as_drafted")
    sql("UPDATE rule_book SET rules = '{}' WHERE edition = %s", edition)
    sql("ALTER TABLE rule_book ENABLE TRIGGER as_drafted")
    assert "cannot be read" in author.get(f"{RULES}/{edition}").text
    assert author.get(RULES).status_code == 200
