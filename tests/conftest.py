"""What all tests share: no time is a reason to fail, and it is all one who started them (make does, with a prefix)."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from lib import hints
from lib.local import hints as hints_of_make

# A shell starts what runs in the background with SIGINT ignored, nohup with SIGHUP: programs of the tests would inherit
# that, and none could be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

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
        "test_keys_under_attack",
        "test_locked_installation",
        "test_metrics_of_workers",
        "test_restarts",
        "test_rooms",
        "test_runner",
        "test_shed_shadows",
        "test_slow_clients",
        "test_watchdog",
    }
)

# A program that is measured takes half as much again: those that these files start are enough to see what only runs in
# a program of its own.
MEASURED = frozenset({"test_metrics_of_workers", "test_server", "test_starting", "test_workers"})


@pytest.fixture(scope="module", autouse=True)
def measured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have what the tests start measured where it is of use; the tests themselves always are."""
    with pytest.MonkeyPatch.context() as changed:
        if request.path.stem not in MEASURED:
            changed.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the long files to the front; among them, and among the others, the order stays."""
    items.sort(key=lambda item: item.path.stem not in LONG)
