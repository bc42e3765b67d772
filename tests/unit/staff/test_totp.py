"""A68."""

import pytest
from pyotp import TOTP

from app.staff.domain import Credentials
from app.staff.totp import ConsoleKeys, NoConsoleKey, accepted_step, picture, setup_uri

KEYS = ConsoleKeys(values=("n" * 32, "o" * 32))
SECRET = KEYS.secret(7, KEYS.newest, 1)
NOW = 1_700_000_010.0
STEP = int(NOW) // 30


def code(step: int) -> str:
    return TOTP(SECRET).generate_otp(step)


def test_codes_are_those_of_the_standard() -> None:
    assert TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", digits=8).at(59) == "94287082"  # RFC 6238, appendix B
    assert len(SECRET) == 32


@pytest.mark.parametrize(("drift", "accepted"), [(-2, None), (-1, STEP - 1), (0, STEP), (1, STEP + 1), (2, None)])
def test_a_clock_may_differ_by_one_code(drift: int, accepted: int | None) -> None:
    assert accepted_step(SECRET, code(STEP + drift), NOW) == accepted


def test_no_code_is_accepted_twice() -> None:
    assert accepted_step(SECRET, code(STEP), NOW, after=STEP) is None
    assert accepted_step(SECRET, code(STEP), NOW, after=STEP - 1) == STEP


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"])
def test_anything_but_six_digits_is_no_code(typed: str) -> None:
    assert accepted_step(SECRET, typed, NOW) is None


def test_spaces_between_digits_do_not_matter() -> None:
    typed = code(STEP)
    assert accepted_step(SECRET, f" {typed[:3]} {typed[3:]} ", NOW) == STEP


def test_each_account_and_version_has_its_own_secret() -> None:
    assert len({KEYS.secret(7, KEYS.newest, 1), KEYS.secret(8, KEYS.newest, 1), KEYS.secret(7, KEYS.newest, 2)}) == 3


def test_a_secret_outlives_the_replacement_of_the_key() -> None:
    replaced = ConsoleKeys(values=("x" * 32, *KEYS.values))
    assert replaced.newest != KEYS.newest
    assert replaced.secret(7, KEYS.newest, 1) == SECRET


def test_a_lost_key_is_named() -> None:
    with pytest.raises(NoConsoleKey, match=f"another CONSOLE_KEY .named {KEYS.newest}.: add that one"):
        ConsoleKeys(values=("x" * 32,)).secret(7, KEYS.newest, 1)
    with pytest.raises(NoConsoleKey, match="CONSOLE_KEY is not set"):
        _ = ConsoleKeys().newest


def test_without_a_secret_no_code_is_accepted() -> None:
    nothing = Credentials(password_hash=None, totp_key=None, totp_version=1, totp_offered=1, totp_step=0)
    assert KEYS.accepted_step(7, nothing, code(STEP), NOW) is None


def test_the_picture_holds_the_address_for_an_authenticator() -> None:
    uri = setup_uri(SECRET, "ann@example.com")
    assert uri == f"otpauth://totp/Activity%20alerts:ann%40example.com?secret={SECRET}&issuer=Activity%20alerts"
    assert picture(uri).startswith("<svg")
