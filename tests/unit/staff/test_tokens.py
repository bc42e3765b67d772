"""A68."""

import math

from app.staff.tokens import RECOVERY_LENGTH, RECOVERY_LETTERS, new_recovery_codes, recovery_digest


def test_a_recovery_code_is_too_long_to_be_found_from_its_digest() -> None:
    assert RECOVERY_LENGTH * math.log2(len(RECOVERY_LETTERS)) >= 112
    [code, *others] = new_recovery_codes()
    assert len(code) == 29
    assert len({code, *others}) == 10


def test_a_recovery_code_is_the_same_however_it_is_typed() -> None:
    code = new_recovery_codes()[0]
    assert recovery_digest(code.replace("-", " ").upper()) == recovery_digest(code)
    assert recovery_digest(code[:-1]) != recovery_digest(code)
