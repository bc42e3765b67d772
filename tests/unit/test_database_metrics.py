"""Each failure of the database gets one of a few reasons, whatever its SQLSTATE."""

import psycopg2
import pytest
from psycopg2 import errorcodes

from lib.metrics.database import REASONS, reason_of
from tests.unit.driver_errors import Fault

EVERY_SQLSTATE = [code for name, code in vars(errorcodes).items() if name.isupper() and len(str(code)) == 5]


@pytest.mark.parametrize(
    ("sqlstate", "reason"),
    [
        (None, "connection-lost"),
        ("57014", "statement-timeout"),
        ("55P03", "lock-timeout"),
        ("40P01", "deadlock"),
        ("25P03", "idle-in-transaction"),
        ("53100", "disk-full"),
        ("53300", "resources"),
        ("57P01", "shutdown"),
        ("08006", "connection-lost"),
        ("42P01", "syntax-or-access"),
        ("23505", "constraint-violation"),
        ("XX000", "other"),
    ],
)
def test_a_failure_has_the_expected_reason(sqlstate: str | None, reason: str) -> None:
    assert reason_of(Fault(sqlstate)) == reason


def test_wrong_use_of_the_driver_is_no_lost_connection() -> None:
    assert reason_of(psycopg2.ProgrammingError("no results to fetch")) == "driver"


def test_every_sqlstate_has_one_of_the_reasons() -> None:
    assert len(EVERY_SQLSTATE) > 200
    assert {reason_of(Fault(code)) for code in EVERY_SQLSTATE} <= set(REASONS)
    assert len(set(REASONS)) < 25
