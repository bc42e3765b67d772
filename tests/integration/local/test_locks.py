"""state: one holder of a lock at a time, none after its end, and the facts that it leaves."""

from pathlib import Path

import pytest

from lib.local.state import LockHeld, State, hold_lock, is_locked, is_removed, last_state, running_state, write_state

STATE = State(pid=1, address="http://127.0.0.1:5000", mark="m", ready=True, programs={"service": (2, 3)})


def test_a_second_holder_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    lock = tmp_path / "new/lock"
    assert not is_locked(lock)
    with hold_lock(lock, seconds=1):
        assert is_locked(lock)
        with pytest.raises(LockHeld, match="another command holds"), hold_lock(lock, seconds=0.2):
            pass
    assert not is_locked(lock)


def test_the_state_is_read_while_its_holder_lives(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold_lock(path, seconds=1) as file:
        assert running_state(path) is None, "nothing is written yet"
        write_state(file, STATE)
        assert running_state(path) == STATE
    assert running_state(path) is None
    assert last_state(path) == STATE


def test_the_supervisor_of_the_release_before_is_known_so_that_it_can_be_stopped(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text('{"pid": 7, "host": "h", "port": 1, "address": "a", "service_pid": 8, "starts": 1, "mark": "m"}')
    assert last_state(path) == State(pid=7, address="a", mark="m", ready=True)


@pytest.mark.parametrize("text", ["{", '{"unknown": 1}'])
def test_a_file_that_says_nothing_tells_of_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock").write_text(text)
    assert last_state(tmp_path / "lock") is None


@pytest.mark.parametrize("kind", ["removed", "replaced"])
def test_a_lock_whose_file_is_gone_is_lost(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    with hold_lock(path, seconds=1) as file:
        assert not is_removed(file, path)
        path.rename(tmp_path / "elsewhere")
        if kind == "replaced":
            path.touch()
        assert is_removed(file, path)
