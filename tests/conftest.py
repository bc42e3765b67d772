"""What all tests share: no time is a reason to fail, and it is all one who started them (make does, with a prefix)."""

import os

import pytest
from hypothesis import HealthCheck, settings

from lib import hints
from lib.local import hints as hints_of_make

for told_by_make in (hints.PREFIX, hints_of_make.PREFIX):
    os.environ.pop(told_by_make, None)

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Files that take long begin first, so that no process is left with one of them at the end.
LONG = frozenset(
    {
        "test_backtest_processes",
        "test_backups",
        "test_e2e_target",
        "test_four_eyes",
        "test_locked_installation",
        "test_metrics_of_workers",
        "test_restarts",
        "test_rooms",
        "test_shed_shadows",
        "test_slow_clients",
        "test_watchdog",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the long files to the front; among them, and among the others, the order stays."""
    items.sort(key=lambda item: item.path.stem not in LONG)
