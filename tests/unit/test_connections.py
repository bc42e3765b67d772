"""Which connections are overdue, from the kernel's data; the rest is tested over sockets."""

import pytest

from lib.connections import Bounds, Seen, Traffic

BOUNDS = Bounds(request=10, quiet=25, unread=30, work=5)


def traffic(sent: float, received: float, acknowledged: int = 100, unsent: int = 0) -> Traffic:
    """Return what the kernel says, times in seconds before now."""
    return Traffic(1, int(sent * 1000), int(received * 1000), acknowledged, unsent)


@pytest.mark.parametrize(
    ("came", "overdue"),
    [
        (traffic(9.9, 9.9, acknowledged=0), False),  # has not sent a byte
        (traffic(10.1, 10.1, acknowledged=0), True),
        (traffic(60, 9.9), False),  # a request that is not answered
        (traffic(60, 10.1), True),
        (traffic(24.9, 24.9), False),  # answered, and idle
        (traffic(25.1, 25.1), True),
    ],
)
def test_request_time_and_idle_time_are_bounded(came: Traffic, overdue: bool) -> None:  # noqa: FBT001
    seen = Seen()
    seen.update(came, 1000)
    assert seen.is_overdue(came, 1000, BOUNDS) is overdue


def test_trickling_bytes_does_not_extend_the_time() -> None:
    seen = Seen()
    for second in range(12):
        came = traffic(60 + second, 0.1)
        seen.update(came, 1000 + second)
        assert seen.is_overdue(came, 1000 + second, BOUNDS) is (second > 9)


def test_each_answer_restarts_the_time_for_the_next_request() -> None:
    seen = Seen()
    for second in range(60):
        came = traffic(0.1, 0.2) if second % 9 == 0 else traffic(60, 0.1)
        seen.update(came, 1000 + second)
        assert not seen.is_overdue(came, 1000 + second, BOUNDS)


@pytest.mark.parametrize(("taken_at", "overdue"), [(None, True), (15, False)])
def test_a_client_must_read_its_answer(taken_at: int | None, overdue: bool) -> None:  # noqa: FBT001
    seen = Seen()
    for second in range(32):
        came = traffic(0.5, 60, unsent=0 if second == taken_at else 9)
        seen.update(came, 1000 + second)
    assert seen.is_overdue(came, 1031, BOUNDS) is overdue


def test_a_busy_connection_is_not_taken_for_a_slow_one() -> None:
    seen = Seen()
    for second in range(60):
        came = traffic(0.02, 0.01)  # the last answer 20 ms ago, and 10 ms ago the next request
        seen.update(came, 1000 + second)
        assert not seen.is_overdue(came, 1000 + second, BOUNDS)
