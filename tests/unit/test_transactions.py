"""Which database faults are transient and which are defects, by SQLSTATE alone."""

import psycopg2
import pytest

from lib.database_errors import Unavailable, classify_error
from lib.statements import Statement
from tests.unit.driver_errors import Fault

PASSING = {
    "connection lost": None,
    "connection refused by the server": "08004",
    "disk full": "53100",
    "too many connections": "53300",
    "statement timeout": "57014",
    "shut down by the administrator": "57P01",
    "starting up": "57P03",
    "lock timeout": "55P03",
    "serialization failure": "40001",
    "deadlock": "40P01",
    "read only after a failover": "25006",
    "input or output error": "58030",
}
DEFECTS = {"no such table": "42P01", "check violated": "23514", "out of range": "22003"}


@pytest.mark.parametrize("sqlstate", PASSING.values(), ids=PASSING.keys())
def test_a_transient_fault_is_unavailable(sqlstate: str | None) -> None:
    shown = classify_error(Fault(sqlstate))
    assert isinstance(shown, Unavailable)
    assert "the driver's own words" in str(shown)


@pytest.mark.parametrize("sqlstate", DEFECTS.values(), ids=DEFECTS.keys())
def test_a_defect_is_raised_unchanged(sqlstate: str) -> None:
    fault = Fault(sqlstate)
    assert classify_error(fault) is fault


def test_wrong_use_of_the_driver_is_a_defect() -> None:
    error = psycopg2.ProgrammingError("no results to fetch")
    assert classify_error(error) is error


def test_a_statement_knows_its_two_forms() -> None:
    """A18."""
    statement = Statement("sum_up", ("bigint", "text"), "SELECT $1, $2")
    assert statement.prepare == "PREPARE sum_up (bigint, text) AS SELECT $1, $2"
    assert statement.execute == "EXECUTE sum_up (%s, %s)"


def test_a_statement_of_integers_is_written_without_the_driver() -> None:
    statement = Statement("add", ("bigint", "integer"), "SELECT $1 + $2")
    assert statement.takes_integers
    assert statement.execute % (-1, 2**63 - 1) == "EXECUTE add (-1, 9223372036854775807)"


def test_a_statement_without_parameters_has_no_empty_list() -> None:
    statement = Statement("now", (), "SELECT 1")
    assert (statement.prepare, statement.execute) == ("PREPARE now AS SELECT 1", "EXECUTE now")
