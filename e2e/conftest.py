"""Fixtures: a client of the running service, and players without events of an earlier run."""

import secrets
from collections.abc import Callable, Iterator
from itertools import count

import httpx
import pytest

from e2e.target import unusable_reason
from testkit.service import SEED, URL, Player, connect

# The service keeps its data between runs, so each session takes a block of user ids of its own, at random
# and in the upper half of the 63 bits, far away from ids that people type by hand.
BLOCK = 2**20
FIRST_USER_ID = 2**62 + secrets.randbelow(2**42) * BLOCK
DAY_OF_PLAY_OFFSET = BLOCK // 2


def pytest_report_header() -> str:
    return f"e2e: {URL}, E2E_SEED={SEED}, user ids from {FIRST_USER_ID}"


@pytest.fixture(scope="session", autouse=True)
def client() -> Iterator[httpx.Client]:
    """One client with many connections, which threads may share."""
    if reason := unusable_reason():
        pytest.exit(reason, returncode=2)
    with connect() as client:
        yield client


@pytest.fixture(scope="session")
def new_user_id() -> Callable[[], int]:
    """Call it for the id of a player without any event."""
    ids = count(FIRST_USER_ID)
    return lambda: next(ids)


@pytest.fixture
def new_player(client: httpx.Client, new_user_id: Callable[[], int]) -> Callable[[], Player]:
    return lambda: Player(client=client, user_id=new_user_id())


@pytest.fixture
def player(new_player: Callable[[], Player]) -> Player:
    return new_player()


@pytest.fixture(scope="session")
def first_player_id() -> int:
    """Return the user id of the first player of the day of play."""
    return FIRST_USER_ID + DAY_OF_PLAY_OFFSET
