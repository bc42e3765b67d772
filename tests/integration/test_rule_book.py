"""The rule book: its steps, its audit, how workers follow it, and the effect of a fault in it."""

import getpass
import json
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from apiflask import APIFlask

from app.rulebook import controllers
from app.rulebook.approval import Change
from app.rulebook.domain import (
    Edition,
    NoSuchEdition,
    PageQuery,
    RuleBookRefused,
    SelfApproval,
    Status,
    Step,
    WrongStep,
)
from app.rulebook.forms import format_rules, parse_rules
from app.rulebook.live_rules import NOT_YET, PAUSE
from app.rulebook.reading import controllers as reading
from app.rules.rule import Rule
from lib.database import Database
from tests.edition_1 import RULES, WRITTEN
from tests.integration.books import write_into
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import Sql
from tests.integration.servers import MAX_WAIT
from tests.integration.wiring import wiring

Taken = Callable[[], Edition]
ANN, BEN = Change(actor="ann", reason="why"), Change(actor="ben")
SPOILT = '[{"code": 1}]'
FOLLOWED = 1  # second
STRICT = parse_rules([{**WRITTEN[3], "above": "10.00"}])  # 1100: a withdrawal above 10
OTHER = parse_rules([{**WRITTEN[3], "code": 77, "above": "50.00"}])


@pytest.fixture
def books(app: APIFlask) -> Database:
    found: Database = wiring(app).database
    return found


def statuses(books: Database) -> dict[int, Status]:
    page = reading.edition_page(books, PageQuery(limit=100))
    return {each.edition: each.status for each in reversed(page.editions)}


def drafted(books: Database, rules: tuple[Rule, ...] = STRICT, change: Change = ANN) -> int:
    return controllers.draft(books, rules, change).edition


def test_the_migration_leaves_the_rules_of_the_contract_live(books: Database) -> None:
    [edition] = reading.editions(books)
    assert (edition.edition, edition.status, edition.rules) == (1, Status.LIVE, RULES)
    assert [(each.edition, each.step) for each in reading.audit(books)] == [(1, "draft"), (1, "publish")]


def test_an_edition_goes_from_draft_to_retired(books: Database) -> None:
    number = drafted(books)
    assert (number, statuses(books)) == (2, {1: Status.LIVE, 2: Status.DRAFT})
    controllers.shadow(books, 2, ANN)
    assert statuses(books) == {1: Status.LIVE, 2: Status.SHADOW}
    published = controllers.publish(books, 2, BEN, four_eyes=False)
    assert (published.published_by, published.status) == ("ben", Status.LIVE)
    assert statuses(books) == {1: Status.RETIRED, 2: Status.LIVE}
    assert controllers.publish(books, 1, BEN, four_eyes=False).status is Status.LIVE, "and back"
    assert statuses(books) == {1: Status.LIVE, 2: Status.RETIRED}


def test_every_step_is_in_the_audit_permanently(books: Database, sql: Sql) -> None:
    drafted(books)
    controllers.shadow(books, 2, BEN)
    controllers.publish(books, 2, BEN, four_eyes=False)
    shown = [(each.edition, each.step.value, each.who, each.note) for each in reading.audit(books)][2:]
    assert shown == [
        (2, "draft", "ann", "why"),
        (2, "shadow", "ben", ""),
        (1, "retire", "ben", "edition 2 takes its place"),
        (2, "publish", "ben", ""),
    ]
    for change in ("UPDATE rule_book_audit SET who = 'x'", "DELETE FROM rule_book_audit", "TRUNCATE rule_book_audit"):
        with pytest.raises(psycopg2.errors.RaiseException, match="only added to"):
            sql(change)


def test_at_most_one_edition_is_in_shadow(books: Database) -> None:
    """The one that is displaced is a draft again, and its way back is in the audit (A24)."""
    for _ in range(2):
        controllers.shadow(books, drafted(books), ANN)
    assert statuses(books) == {1: Status.LIVE, 2: Status.DRAFT, 3: Status.SHADOW}
    *_, displaced, last = reading.audit(books)
    assert (displaced.edition, displaced.step, displaced.note) == (2, Step.DISPLACED, "edition 3 takes its place")
    assert (last.edition, last.step) == (3, Step.SHADOWED)


@pytest.mark.parametrize("status", ["live", "shadow"])
def test_the_database_allows_one_live_and_one_shadow_edition(sql: Sql, books: Database, status: str) -> None:
    drafted(books)
    with pytest.raises(psycopg2.errors.UniqueViolation):
        sql("UPDATE rule_book SET status = %s", status)


def test_a_refused_step_leaves_no_trace(books: Database) -> None:
    drafted(books)
    before = len(reading.audit(books))
    wrong: list[tuple[type[RuleBookRefused], Taken]] = [
        (WrongStep, lambda: controllers.retire(books, 1, ANN)),
        (WrongStep, lambda: controllers.shadow(books, 1, ANN)),
        (WrongStep, lambda: controllers.publish(books, 1, ANN, four_eyes=False)),
        (SelfApproval, lambda: controllers.publish(books, 2, ANN, four_eyes=True)),
        (NoSuchEdition, lambda: controllers.publish(books, 9, ANN, four_eyes=False)),
    ]
    for refused, step in wrong:
        with pytest.raises(refused):
            step()
    assert statuses(books) == {1: Status.LIVE, 2: Status.DRAFT}
    assert len(reading.audit(books)) == before


def test_events_are_judged_by_the_live_edition_and_store_its_number(app: APIFlask, books: Database, sql: Sql) -> None:
    client = app.test_client()
    assert codes(send(client, "withdraw", "20", 1)) == []
    controllers.publish(books, drafted(books), ANN, four_eyes=False)
    time.sleep(FOLLOWED)
    assert codes(send(client, "withdraw", "20", 2)) == [1100]
    assert codes(send(client, "withdraw", "20", 1)) == [], "an event keeps its first answer"
    assert sql("SELECT t, edition, alert_codes FROM activity_event ORDER BY t") == [(1, 1, []), (2, 2, [1100])]


def test_the_shadow_judges_the_same_event_without_changing_the_answer(app: APIFlask, books: Database, sql: Sql) -> None:
    controllers.shadow(books, drafted(books, (*STRICT, *OTHER)), ANN)
    time.sleep(FOLLOWED)
    assert codes(send(app.test_client(), "withdraw", "150", 1)) == [1100]
    assert sql("SELECT alert_codes, edition FROM activity_event") == [([1100], 1)]
    stored = sql("SELECT code, shadow, edition, evidence ->> 'sentence' FROM alert ORDER BY shadow, code")
    assert stored == [
        (1100, False, 1, "150.00 withdrawn at once (threshold 100.00)"),
        (77, True, 2, "150.00 withdrawn at once (threshold 50.00)"),
        (1100, True, 2, "150.00 withdrawn at once (threshold 10.00)"),
    ]


def test_an_unreadable_rule_book_keeps_the_last_good_edition_and_is_reported(app: APIFlask, sql: Sql) -> None:
    client = app.test_client()
    assert codes(send(client, "withdraw", "150", 1)) == [1100]
    good = sql("SELECT rules::text FROM rule_book WHERE edition = 1")[0][0]
    write_into(sql, 1, SPOILT)
    try:
        time.sleep(FOLLOWED)
        assert codes(send(client, "withdraw", "150", 2)) == [1100]
        assert why_unready(app).startswith("rule-book-unreadable: edition 1 is live and cannot be read; publish")
    finally:
        write_into(sql, 1, good)
    time.sleep(FOLLOWED)
    assert client.get("/health/ready").status_code == 200


def test_an_unreadable_edition_is_replaced_by_the_next_publication(app: APIFlask, books: Database, sql: Sql) -> None:
    client = app.test_client()
    assert codes(send(client, "withdraw", "50", 1)) == []
    good = sql("SELECT rules::text FROM rule_book WHERE edition = 1")[0][0]
    write_into(sql, 1, SPOILT)
    try:
        controllers.publish(books, drafted(books, STRICT), ANN, four_eyes=False)
        time.sleep(FOLLOWED)
        assert codes(send(client, "withdraw", "50", 2)) == [1100]
        assert client.get("/health/ready").status_code == 200
    finally:
        write_into(sql, 1, good)


@pytest.mark.parametrize("mend", [controllers.retire, controllers.publish, controllers.shadow])
def test_an_unreadable_shadow_is_skipped_and_can_be_retired(
    app: APIFlask, books: Database, sql: Sql, mend: Callable[..., object]
) -> None:
    client, (spoilt, good) = app.test_client(), (drafted(books), drafted(books, STRICT))
    controllers.shadow(books, spoilt, ANN)
    write_into(sql, spoilt, SPOILT)
    assert codes(send(client, "withdraw", "50", 1)) == [], "a process that starts now judges by the live edition"
    assert why_unready(app) == (
        f"rule-book-unreadable: edition {spoilt} cannot be read and does not run in the shadow: POST /rules/2/retire"
    )
    assert statuses(books)[spoilt] is Status.SHADOW
    if mend is controllers.publish:
        mend(books, good, ANN, four_eyes=False)  # it mends nothing, and is not hindered
    else:
        mend(books, good if mend is controllers.shadow else spoilt, ANN)
    time.sleep(FOLLOWED)
    assert codes(send(client, "withdraw", "50", 2)) == ([1100] if mend is controllers.publish else [])
    assert (client.get("/health/ready").status_code == 200) is (mend is not controllers.publish)


def test_without_a_readable_edition_no_event_is_stored(app: APIFlask, sql: Sql) -> None:
    sql("UPDATE rule_book SET status = 'retired'")
    assert why_unready(app) == "rule-book-unreadable: no edition is live; publish one: POST /rules/EDITION/publish"
    answer = send(app.test_client(), "withdraw", "150", 1)
    assert problem(answer) == (503, "not-ready")
    assert answer.get_json()["detail"].startswith("no event can be evaluated: no edition is live")
    assert sql("SELECT FROM activity_event") == []
    sql("UPDATE rule_book SET status = 'live' WHERE edition = 1")
    time.sleep(PAUSE * 2)
    assert codes(send(app.test_client(), "withdraw", "150", 1)) == [1100]
    assert app.test_client().get("/health/ready").status_code == 200


def why_unready(app: APIFlask) -> str:
    """Return the reason, once database and rules were looked at: on a busy machine that is late."""
    deadline = time.monotonic() + MAX_WAIT
    while True:
        answer = app.test_client().get("/health/ready")
        assert problem(answer) == (503, "not-ready")
        detail = str(answer.get_json()["detail"])
        if not (detail.startswith("database-silent") or detail.endswith(NOT_YET)) or time.monotonic() > deadline:
            return detail
        time.sleep(PAUSE)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rule_book SET rules = '[]'",
        "UPDATE rule_book SET author = 'somebody else'",
        "UPDATE rule_book SET edition = 9",
        "DELETE FROM rule_book WHERE edition = 1",
        "TRUNCATE rule_book CASCADE",
    ],
)
def test_an_edition_can_never_be_changed_after_drafting(books: Database, sql: Sql, change: str) -> None:
    drafted(books)
    with pytest.raises(psycopg2.errors.RaiseException, match=r"an edition (never changes|is never removed)|the audit"):
        sql(change)


def test_a_fault_is_logged_once_and_so_is_its_end(app: APIFlask, sql: Sql, capfd: pytest.CaptureFixture[str]) -> None:
    live_rules = wiring(app).rule_book
    sql("ALTER TABLE rule_book RENAME TO elsewhere")
    try:
        for _ in range(3):
            live_rules.refresh()
    finally:
        sql("ALTER TABLE elsewhere RENAME TO rule_book")
    live_rules.refresh()
    assert live_rules.error() == ""
    output = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    about = [(line["level"], line["event"], line.get("fault")) for line in output if "rule book" in line["event"]]
    fault = "the rule book cannot be read (UndefinedTable): see the log of the service"
    assert about == [
        ("error", "rule book unreadable", None),
        ("error", "rule book not read", fault),
        ("info", "rule book in force", None),
        ("info", "rule book read again", None),
    ]


LONG = parse_rules([{**WRITTEN[1], "seconds": 3600, "above": "100.00"}])


def test_a_long_window_is_summed_and_names_its_events(app: APIFlask, books: Database, sql: Sql) -> None:
    controllers.publish(books, drafted(books, LONG), ANN, four_eyes=False)
    client = app.test_client()
    for t in range(101):
        assert codes(send(client, "deposit", "1", t * 36)) == ([123] if t == 100 else []), t
    [(evidence,)] = sql("SELECT evidence FROM alert")
    assert evidence["sentence"] == "101.00 deposited within 1 h by 101 deposits (threshold 100.00 within 1 h)"
    assert evidence["count"] == 101
    assert evidence["moments"] == [t * 36 for t in range(100, 0, -1)]


def run(app: APIFlask, *arguments: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["rules", *arguments])
    return done.exit_code, done.output


def test_the_commands_bring_an_edition_from_a_file_to_live(app: APIFlask, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(run(app, "export", "1")[1].replace('above = "100.00"', "above = 150.00"))
    assert run(app, "draft", str(file), "--as", "ann", "--note", "more")[1].startswith("Edition 2 is drafted")
    assert run(app, "diff", "1", "2")[1] == "1100: above 100.00 → 150.00\n"
    shown = run(app, "show", "2")[1]
    assert "a withdrawal above 150.00" in shown
    assert "three consecutive rising deposits, withdraws ignored" in shown
    assert "drafted by ann at 2" in shown
    assert " UTC from edition 1; never published\n" in shown
    assert run(app, "shadow", "2", "--as", "ann")[0] == 0
    published = run(app, "publish", "2", "--as", "ben")[1]
    assert published.startswith("Edition 2 is live")
    assert published.endswith("\nTo go back to edition 1: flask --app app rules publish 1 --over 2\n")
    assert "; published by ben at 2" in run(app, "show", "2")[1]
    headings, *listed = run(app, "list")[1].splitlines()
    assert [line.split()[:2] for line in listed] == [["1", "retired"], ["2", "live"]]
    assert "  drafted (UTC)  " in headings
    assert "  published (UTC)  " in headings
    audited = run(app, "audit")[1]
    assert audited.startswith("when (UTC)")
    assert "takes its place" in audited
    assert run(app, "draft", "--edition", "1")[1].startswith("Edition 3")
    assert run(app, "retire", "3")[1] == "Edition 3 is retired.\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not = toml =", "file: Is not valid TOML"),
        ("", "rules: Write [[rules]] above each rule."),
        ('[[rules]]\ncode = 1\nkind = "magic"', "rule 1, kind: Must be one of"),
        ("[limits]\na = 1", "limits: Unknown table"),
    ],
)
def test_an_invalid_file_is_reported_by_rule_and_field(
    app: APIFlask, books: Database, tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / "rules.toml").write_text(text)
    status, shown = run(app, "draft", str(tmp_path / "rules.toml"))
    assert status == 1
    assert expected in shown
    assert len(reading.editions(books)) == 1


def test_only_the_first_faults_are_listed_and_the_rest_counted(app: APIFlask, tmp_path: Path) -> None:
    members = "\n".join(f"m{n} = 1" for n in range(50))
    file = tmp_path / "rules.toml"
    file.write_text(run(app, "export", "1")[1] + members)
    shown = run(app, "draft", str(file))[1].splitlines()
    assert (shown[0], shown[-1], len(shown)) == ("Error: these rules cannot be saved:", "  and 30 more", 22)


def test_a_file_with_a_byte_order_mark_is_read(app: APIFlask, tmp_path: Path) -> None:
    (tmp_path / "marked.toml").write_text(run(app, "export", "1")[1], encoding="utf-8-sig")
    (tmp_path / "wide.toml").write_text(run(app, "export", "1")[1], encoding="utf-16")
    assert run(app, "draft", str(tmp_path / "marked.toml"))[1].startswith("Edition 2 is drafted")
    assert "file: Is not written in UTF-8." in run(app, "draft", str(tmp_path / "wide.toml"))[1]


BEYOND = "99999999999"
WRONG_COMMANDS = [
    ["publish", "9"],
    ["show", "9"],
    ["retire", "1"],
    ["draft"],
    ["publish", "x"],
    ["diff", "1", "9"],
    *([step, BEYOND] for step in ("show", "export", "shadow", "publish", "retire")),
    ["diff", BEYOND, "1"],
    ["diff", "1", BEYOND],
    ["draft", "--edition", BEYOND],
    ["draft", "--edition", "0"],
    ["draft", "no-such-file.toml"],
    ["draft", "--edition", "1", "--as", ""],
    ["draft", "--edition", "1", "--as", "x" * 101],
    ["draft", "--edition", "1", "--as", "\x1b[31mann"],
    ["draft", "--edition", "1", "--note", "x" * 501],
    ["draft", "--edition", "1", "--note", "a\nb"],
]


@pytest.mark.parametrize("arguments", WRONG_COMMANDS, ids=lambda arguments: " ".join(arguments)[:40])
def test_a_wrong_command_is_reported_and_leaves_no_trace(app: APIFlask, books: Database, arguments: list[str]) -> None:
    done = app.test_cli_runner().invoke(args=["rules", *arguments])
    assert isinstance(done.exception, SystemExit), "no traceback"
    assert done.exit_code != 0
    assert done.output.startswith(("Usage:", "Error:"))
    assert statuses(books) == {1: Status.LIVE}


@pytest.mark.parametrize("digits", ["9" * 5000, "[" * 3000])
def test_an_oversized_file_is_refused(app: APIFlask, tmp_path: Path, digits: str) -> None:
    (tmp_path / "rules.toml").write_text(f"[[rules]]\ncode = {digits}")
    done = app.test_cli_runner().invoke(args=["rules", "draft", str(tmp_path / "rules.toml")])
    assert isinstance(done.exception, SystemExit), "no traceback"
    assert done.output.startswith("Error: these rules cannot be saved:\n  file: ")


def test_without_a_login_name_the_actor_must_be_given(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError

    monkeypatch.setattr(getpass, "getuser", unknown)
    status, shown = run(app, "draft", "--edition", "1")
    assert (status, "--as" in shown) == (2, True)
    assert run(app, "draft", "--edition", "1", "--as", "x" * 100)[0] == 0


def test_the_export_is_the_edition_in_force(books: Database) -> None:
    assert format_rules(reading.edition(books, 1).rules) == WRITTEN
