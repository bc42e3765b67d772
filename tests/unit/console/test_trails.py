"""The list that somebody comes from to a case."""

import pytest

from app.console.pages.trails import Trail, trail_in

LIST = "/console/cases?tab=mine&code=30"
QUERY = "?list=%2Fconsole%2Fcases%3Ftab%3Dmine%26code%3D30&rows=7.3.12"


def test_a_trail_is_read_as_it_was_written() -> None:
    trail = Trail(address=LIST, rows=[7, 3, 12])
    assert trail.query == QUERY
    assert trail_in({"list": LIST, "rows": "7.3.12"}) == trail


def test_it_leads_to_the_cases_beside_one_and_back_to_its_row() -> None:
    trail = Trail(address=LIST, rows=[7, 3, 12])
    places = {7: ("", 3), 3: (7, 12), 12: (3, ""), 4: ("", "")}
    for case_id, beside in places.items():
        assert trail.beside(case_id) == tuple(each and f"/console/cases/{each}{QUERY}" for each in beside)
    assert trail.back(3) == f"{LIST}#row-3"


def test_without_a_list_there_is_no_trail() -> None:
    for asked in ({}, {"rows": "1.2"}, {"list": ""}):
        assert trail_in(asked) == Trail()
    assert Trail().to(7) == "/console/cases/7"
    assert Trail().back(7) == "/console/cases#row-7"


@pytest.mark.parametrize("address", ["https://evil.example", "//evil.example", "/console/me", "/console/casesx"])
def test_a_list_of_others_leads_to_the_queue(address: str) -> None:
    assert trail_in({"list": address}).address == "/console/cases"


@pytest.mark.parametrize("rows", ["x", "-1", "1e3", "9" * 20, "\u0661", "1.x.2"])
def test_rows_that_are_none_are_left_out(rows: str) -> None:
    assert set(trail_in({"list": LIST, "rows": rows}).rows) <= {1, 2}
    assert len(trail_in({"list": LIST, "rows": "1." * 5000}).rows) <= 100
