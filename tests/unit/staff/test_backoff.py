"""A70."""

import pytest

from app.staff.backoff import ADDRESS, BOTH, EMAIL, BackOff


@pytest.mark.parametrize("back_off", [BOTH, ADDRESS, EMAIL])
def test_the_first_attempts_cost_no_wait(back_off: BackOff) -> None:
    assert [back_off.wait(failures) for failures in (0, back_off.free - 1)] == [0, 0]
    assert back_off.wait(back_off.free) == 1


def test_each_wait_is_twice_the_one_before_up_to_a_bound() -> None:
    assert [BOTH.wait(5 + more) for more in range(12)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert BOTH.wait(10_000_000) == 900


def test_who_knows_an_email_address_cannot_lock_its_owner_out_for_long() -> None:
    assert EMAIL.wait(10_000) == 60
