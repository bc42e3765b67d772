"""What all tests share: no time limit of Hypothesis applies, and the variables that make sets are removed."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from lib import hints
from lib.local.terminal import MAKE_PREFIX

# A shell starts what runs in the background with SIGINT ignored, nohup with SIGHUP: programs of the tests would inherit
# that, and none could be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

for told_by_make in (hints.PREFIX, MAKE_PREFIX):
    os.environ.pop(told_by_make, None)

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Slow files start first, so that no process is left with one of them at the end.
LONG = frozenset(
    {
        "test_accessibility",
        "test_backtest_processes",
        "test_backups",
        "test_bulkheads",
        "test_e2e_target",
        "test_four_eyes",
        "test_keys_under_attack",
        "test_locked_installation",
        "test_metrics_of_workers",
        "test_restarts",
        "test_runner",
        "test_script",
        "test_shed_shadows",
        "test_slow_clients",
        "test_watchdog",
    }
)

# Coverage slows a program down by half: measuring those that these files start is enough for code that runs only in
# separate programs.
MEASURED = frozenset({"test_metrics_of_workers", "test_server", "test_starting", "test_workers"})


@pytest.fixture(scope="module", autouse=True)
def measured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Measure the coverage of started programs only for the files in MEASURED; that of the tests always."""
    with pytest.MonkeyPatch.context() as changed:
        if request.path.stem not in MEASURED:
            changed.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield


# What a test needs follows from its fixtures: `make test ARGS="-m 'not processes'"` leaves out what takes long.
NEEDS = {
    "nginx": {"nginx"},
    "processes": {"serve", "serve_all", "container", "checkout", "project", "quick_clusters"},
}
NOT_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do this")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need, and move the long files to the front; otherwise the order stays."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for mark, makers in NEEDS.items():
            if fixtures & makers:
                item.add_marker(mark)
        if item.get_closest_marker("root"):
            item.add_marker(NOT_ROOT)
    items.sort(key=lambda item: item.path.stem not in LONG)
