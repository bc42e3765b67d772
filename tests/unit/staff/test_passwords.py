"""A69."""

import subprocess
import sys
import threading
import time

import pytest

from app.staff import passwords
from app.staff.domain import password_faults
from app.staff.passwords import Busy, Passwords


@pytest.mark.parametrize("good", ["correct horse battery", "123456789012", "ääääbbbbccccdde", "x1!" * 60 + "abcd"])
def test_a_long_password_is_good_whatever_its_characters(good: str) -> None:
    assert password_faults(good, "ann@example.com", "Ann Smith") == []


@pytest.mark.parametrize(
    "bad",
    [
        *("", "elevenchars", "x" * 201, "aaaaaaaaaaaa", "abababababab"),
        *("ann@example.com", "Ann Smith 12", "annsmith1234", "Activity Alerts 1"),
    ],
)
def test_a_guessable_password_is_refused(bad: str) -> None:
    assert password_faults(bad, "annsmith@example.com" if bad.startswith("anns") else "ann@example.com", "Ann Smith")


def test_only_the_right_password_matches() -> None:
    checked = Passwords()
    stored = checked.hash("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert checked.matches(stored, "correct horse battery")
    assert not checked.matches(stored, "correct horse battery ")
    assert not checked.matches("nonsense", "correct horse battery")
    assert not checked.matches(None, "the password of nobody")


def test_an_unknown_account_costs_as_much_as_a_known_one() -> None:
    checked = Passwords()
    stored = checked.hash("correct horse battery")
    checked.matches(None, "x")

    def cost(password_hash: str | None) -> float:
        began = time.thread_time()
        checked.matches(password_hash, "wrong")
        return time.thread_time() - began

    known, unknown = min(cost(stored) for _ in range(5)), min(cost(None) for _ in range(5))
    assert 0.5 < unknown / known < 2


def test_one_password_is_checked_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MAX_WAIT", 0.05)
    checked = Passwords()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with checked.turn():
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        with pytest.raises(Busy, match="try again in a few seconds"):
            checked.hash("correct horse battery")
    finally:
        done.set()
        thread.join()
    assert checked.hash("correct horse battery")


def test_many_threads_that_check_passwords_take_the_memory_of_one() -> None:
    program = """
import threading, psutil
from app.staff import passwords
from app.staff.passwords import Passwords
passwords.MAX_WAIT = 60
checked, me = Passwords(), psutil.Process()
checked.hash("correct horse battery")
before = me.memory_info().rss
for _ in range(2):
    threads = [threading.Thread(target=checked.hash, args=("correct horse battery",)) for _ in range(16)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print((me.memory_info().rss - before) // 2**20)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    assert int(done.stdout) < 60, "MiB; in a thread each it was 300"
