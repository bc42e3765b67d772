"""The report in a sentence, as JSON and on the terminal."""

import json
import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from app.backtest.documents import document
from app.backtest.findings import Difference, Findings
from app.backtest.page import render
from app.backtest.reports import EditionRules, Report
from app.backtest.summary import format_rate, format_share, sentence
from app.backtest.tables import MAX_SHOWN_PERIODS, print_findings
from app.rules.event import EventRef
from tests.backtest_reports import (
    EMPTY,
    FIRST,
    MADE,
    OLD,
    REPORTS,
    above,
    counted,
    of_many,
    printed,
    report_of,
)
from tests.markup import EVIL


@pytest.mark.parametrize("report", [*REPORTS.values(), EMPTY], ids=[*REPORTS, "empty"])
def test_the_document_is_json_and_adds_up(report: Report) -> None:
    body = json.loads(json.dumps(document(report)))
    assert body["events"] == sum(period["events"] for period in body["periods"]) == report.events
    for series in report.series:
        by_code = {code: count["alerts"] for code, count in body["alerts"][series]["codes"].items()}
        for code, alerts in by_code.items():
            in_periods = [
                period["alerts"][series]["codes"].get(code, {"alerts": 0})["alerts"] for period in body["periods"]
            ]
            assert sum(in_periods) == alerts
        assert sum(period["alerts"][series]["alerts"] for period in body["periods"]) == sum(by_code.values())
        assert sum(body["alerts"][series]["players_by_alerts"].values()) == body["players"]


def test_the_document_lists_gained_and_lost_alerts() -> None:
    body = document(REPORTS["against"])
    assert (body["edition"], body["against"]) == (2, 1)
    alerts = body["alerts"]
    of_one, of_all = counted(6, 2, 666.667, fresh=2), counted(9, 3, 1000.0, fresh=3)
    assert alerts["raised"]["codes"] == {"1": of_one, "2": of_all}
    assert alerts["gained"]["codes"] == {"1": counted(3, 1, 333.333, fresh=1), "2": of_all}
    assert alerts["lost"]["codes"] == {"3": of_all}
    assert body["periods"][0]["name"] == "2026-01-01"
    assert alerts["gained"]["samples"]["1"][0] == {
        "user_id": 2,
        "t": FIRST + 2,
        "n": 0,
        "event_id": None,
        "sentence": "140.00 deposited at once (threshold 100.00)",
    }


def test_the_terminal_shows_counts_rates_and_samples() -> None:
    shown = printed(REPORTS["against"])
    one = r"^1 +large +a deposit above 100.00 +6 \(2\) +2 +666.7 +3 \(1\) +1 +333.3 +3 \(1\) +0 \(0\)$"
    assert re.search(one, shown, re.MULTILINE)
    day = r"^2026-01-02 +3 +5 \(3\) +0 +1,666.7 +4 \(3\) +0 +1,333.3 +4 \(3\) +3 \(3\)$"
    assert re.search(day, shown, re.MULTILINE)
    assert "per 1,000: alerts per 1,000 events" in shown
    assert "player 2  t 1767225602  2026-01-01 00:00:02 UTC  140.00 deposited at once (threshold 100.00)" in shown
    assert EVIL in shown


def test_a_single_edition_shows_the_rate_on_every_terminal() -> None:
    assert re.search(r"^1 +large +6 \(2\) +2 +666.7$", printed(REPORTS["alone"], 79), re.MULTILINE)


def test_a_terminal_shows_the_last_periods_and_counts_the_rest() -> None:
    shown = printed(report_of(MAX_SHOWN_PERIODS + 9, compares=False))
    assert "the last 31 of 40" in shown
    assert "\n2026-01-01 " not in shown
    assert "\n2026-02-09 " in shown


def test_nothing_to_judge_is_no_error() -> None:
    assert "0 events of 0 players" in printed(EMPTY)


def test_with_80_columns_every_code_has_one_line() -> None:
    report = of_many(4)
    rows = [line for line in printed(report, 80).splitlines() if re.match(r"^\d+ +large.*\)$", line)]
    assert len(rows) == 4
    assert all(re.search(r"\d\)( +\d+ \(\d+\)){3}$", row) for row in rows)
    terms = re.compile(r"^4 .* a deposit above 96.00 ", re.MULTILINE)
    assert not terms.search(printed(report, 129))
    assert terms.search(printed(report, 130))
    assert "per 1,000 " not in printed(report, 99).partition("\n\n")[2]
    assert re.search(r"^4 +large deposit at once +4 \(1\) +1 +444.4 ", printed(report, 100), re.MULTILINE)


def test_the_total_counts_players_with_any_alert() -> None:
    row = render(REPORTS["against"], MADE).partition('<th scope="row">all codes</th>')[2].partition("</tr>")[0]
    assert re.findall(r"<b>(\d+)</b><small>([^<]+)</small><small>([^<]+)</small><small>([^<]+)</small>", row) == [
        (alerts, f"{fresh} fresh", f"{rate} per 1,000 events", "3 players")
        for alerts, fresh, rate in (
            ("15", 5, "1,666.7"),
            ("12", 4, "1,333.3"),
            ("12", 4, "1,333.3"),
            ("9", 3, "1,000.0"),
        )
    ]
    shown = r"^ +all codes +15 \(3\) +5 +1,666.7 +12 \(3\) +4 +1,333.3 +12 \(3\) +9 \(3\)$"
    assert re.search(shown, printed(REPORTS["against"]), re.MULTILINE)
    assert document(REPORTS["alone"])["alerts"]["raised"]["all_codes"] == counted(15, 3, 1666.667, fresh=5)


SENTENCES = {
    "more and fewer": (
        REPORTS["against"],
        (
            "Edition 2 raises 12 alerts more and 9 fewer than edition 1: 15 instead of 12, fresh 5 "
            "instead of 4 (1,666.7 instead of 1,333.3 per 1,000 events), for 3 either way of 3 players."
        ),
    ),
    "more": (
        report_of(3, compares=True, new=[*OLD, above(7, 200)]),
        (
            "Edition 2 raises 3 alerts more and none fewer than edition 1: 15 instead of 12, fresh 5 "
            "instead of 4 (1,666.7 instead of 1,333.3 per 1,000 events), for 3 either way of 3 players."
        ),
    ),
    "fewer": (
        report_of(3, compares=True, new=OLD[:1]),
        (
            "Edition 2 raises no alert more and 9 fewer than edition 1: 3 instead of 12, fresh 1 "
            "instead of 4 (333.3 instead of 1,333.3 per 1,000 events), for 1 instead of 3 of 3 players."
        ),
    ),
    "the same": (
        report_of(3, compares=True, new=OLD),
        "Edition 2 raises the same 12 alerts as edition 1, 4 fresh (1,333.3 per 1,000 events), for 3 of 3 players.",
    ),
    "none": (report_of(1, compares=False, users=1, new=[above(1, 999)]), "Edition 2 raises no alert on 1 event."),
    "neither": (
        replace(report_of(3, compares=True, users=0), events=3),
        "Edition 2 raises no alert on 3 events, and neither does edition 1.",
    ),
    "one": (
        report_of(1, compares=False, users=1, new=[above(1, 10)]),
        "Edition 2 raises 1 alert, all fresh (1,000.0 per 1,000 events), for 1 of 1 player.",
    ),
    "nothing": (EMPTY, "Edition 2 has nothing to judge: no events of these players and this time are stored."),
}


@pytest.mark.parametrize(("report", "expected"), SENTENCES.values(), ids=list(SENTENCES))
def test_every_report_starts_with_the_summary(report: Report, expected: str) -> None:
    assert sentence(report) == expected
    assert printed(report, 300).splitlines()[0] == expected
    assert document(report)["summary"] == expected
    text = render(report, MADE)
    assert text.partition("</h1>")[2].lstrip().startswith(f'<p class="lead">{expected}</p>')


RATES = [(0, 0, "0"), (0, 9, "0"), (1, 10**6, "under 0.01"), (1, 10**5, "0.01"), (3, 4000, "0.75"), (7, 2, "3,500.0")]


@pytest.mark.parametrize(("alerts", "events", "written"), RATES)
def test_a_small_rate_is_never_shown_as_zero(alerts: int, events: int, written: str) -> None:
    assert format_rate(alerts, events) == written


SHARES = [(0, 0, "0%"), (0, 9, "0%"), (1, 1000, "under 1%"), (1, 3, "33%"), (999, 1000, "over 99%"), (5, 5, "100%")]


@pytest.mark.parametrize(("part", "whole", "written"), SHARES)
def test_a_share_is_0_or_100_percent_only_if_exact(part: int, whole: int, written: str) -> None:
    assert format_share(part, whole) == written


def test_singular_and_plural_are_right() -> None:
    one = report_of(1, compares=False, users=1, new=[above(1, 10)])
    assert "1 event of 1 player (" in printed(one)
    assert "<small>1 player</small>" in render(one, MADE)


def found(findings: Findings) -> str:
    out = Console(file=StringIO(), width=200, highlight=False)
    print_findings(findings, out)
    shown: str = out.file.getvalue()  # type: ignore[attr-defined]  # as above
    return shown


def test_findings_are_shown_by_edition_with_the_first_differences() -> None:
    findings = Findings(
        without_evidence=3, different=22, differences=[Difference(1, EventRef(9), "it [b]differs[/b]")] * 20
    )
    findings.events.update({1: 30, 2: 10})
    findings.agreeing.update({1: 10, 2: 10})
    shown = found(findings)
    assert re.search(r"^ *1 +30 +10 +0 +0$", shown, re.MULTILINE)
    assert shown.count("player 1, t 9: it [b]differs[/b]") == 20
    assert "and 2 more" in shown
    assert "3 events with codes from before alerts were stored" in shown
    assert shown.rstrip().endswith("22 differ: what is stored is not what these rules raise.")


def test_full_agreement_is_stated() -> None:
    findings = Findings()
    findings.events[1] = findings.agreeing[1] = 5
    assert found(findings).rstrip().endswith("All 5 events agree.")


def test_a_code_missing_in_one_edition_still_shows_its_rule() -> None:
    report = replace(REPORTS["against"], edition=EditionRules(number=2, rules={}))
    assert report.rule(3).terms == "a deposit above 10.00"
