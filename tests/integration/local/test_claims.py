"""claims: a port is claimed once at a time, for as long as a copy of the claim is open."""

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lib.local.claims import by_file, by_name, claimed
from lib.local.ports import kept_port

Claim = Callable[[int], int]


@pytest.fixture(params=["name", "file"])
def claim(request: pytest.FixtureRequest, tmp_path: Path) -> Claim:
    return by_name if request.param == "name" else partial(by_file, tmp_path)


@pytest.fixture
def port(tmp_path: Path) -> int:
    return kept_port(tmp_path / "port")


def test_a_second_claim_is_refused_until_all_copies_of_the_first_are_closed(claim: Claim, port: int) -> None:
    first = claim(port)
    copy = os.dup(first)
    for held in (first, copy):
        with pytest.raises(OSError, match=r"claimed|in use") as refused:
            claim(port)
        assert refused.value.errno == errno.EADDRINUSE
        os.close(held)
    os.close(claim(port))


def test_two_ports_are_two_claims(claim: Claim, port: int) -> None:
    first, second = claim(port), claim(port + 1)
    os.close(first)
    os.close(second)


def test_a_claim_through_a_link_of_somebody_is_refused(tmp_path: Path, port: int) -> None:
    os.close(by_file(tmp_path, port))
    (file,) = tmp_path.glob("lib.local*")
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        by_file(tmp_path, port)


def test_a_claim_ends_with_its_context(port: int) -> None:
    with claimed(port) as file:
        assert not os.get_inheritable(file)
        with pytest.raises(OSError, match="in use"):
            by_name(port)
    os.close(by_name(port))
