"""locks: one holder at a time, none after its end."""

from pathlib import Path

import pytest

from lib.local.errors import LocalError
from lib.local.locks import exclusive, held
from lib.local.state import Holder, State, last_state, read_state

STATE = State(pid=1, host="127.0.0.1", port=5000, address="http://127.0.0.1:5000")


def test_a_second_holder_is_told_once_then_refused(tmp_path: Path) -> None:
    lock, told = tmp_path / "new/lock", list[str]()
    with (
        exclusive(lock, seconds=1),
        pytest.raises(LocalError, match="another command holds"),
        exclusive(lock, seconds=0.2, waiting=lambda: told.append("waiting")),
    ):
        pass
    assert told == ["waiting"]


def test_a_lock_is_held_while_held(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not held(lock)
    with exclusive(lock, seconds=1):
        assert held(lock)
    assert not held(lock)


def test_the_state_is_read_while_its_holder_lives(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = Holder(path)
    assert holder.acquire(seconds=1)
    holder.write(STATE)
    assert read_state(path) == STATE
    holder.close()
    assert read_state(path) is None
    assert last_state(path) == STATE


def test_a_second_supervisor_does_not_get_the_lock(tmp_path: Path) -> None:
    first, second = Holder(tmp_path / "lock"), Holder(tmp_path / "lock")
    assert first.acquire(seconds=1)
    assert not second.acquire(seconds=0.1)
    first.close()
    second.close()


@pytest.mark.parametrize("text", ["{", '{"unknown": 1}'])
def test_a_holder_that_says_nothing_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lock"
    holder = Holder(path)
    assert holder.acquire(seconds=1)
    path.write_text(text)
    with pytest.raises(LocalError, match="says nothing"):
        read_state(path)
    holder.close()


@pytest.mark.parametrize("kind", ["removed", "replaced"])
def test_a_lock_whose_file_is_gone_is_lost(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    holder = Holder(path)
    assert not holder.lost()
    path.rename(tmp_path / "elsewhere")
    if kind == "replaced":
        path.touch()
    assert holder.lost()
    holder.close()
