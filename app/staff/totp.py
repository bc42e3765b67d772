"""Time-based codes (RFC 6238): six digits, a new one every 30 s, from a secret derived from CONSOLE_KEY (A68)."""

import hmac
import re
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass

import segno
from pyotp import TOTP

from app.staff.domain import Credentials, StaffRefusal
from lib.derived_secrets import derive, name_of

ISSUER = "Activity alerts"
PERIOD = 30  # seconds
DRIFT = 1  # codes before and after the present one that are accepted, since clocks differ
SECRET_BYTES = 20  # as RFC 4226 recommends
CODE = re.compile(r"[0-9]{6}")


class NoConsoleKey(StaffRefusal):
    """CONSOLE_KEY is not set, or is not the one that a secret was derived from; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleKeys:
    """The values of CONSOLE_KEY: new secrets are derived from the first; those before are still known."""

    values: Sequence[str] = ()

    @property
    def newest(self) -> str:
        """The name of the key for new secrets; raises `NoConsoleKey`."""
        if not self.values:
            raise NoConsoleKey(
                "CONSOLE_KEY is not set, and the secrets of time-based codes are derived from it: set it, in all "
                "processes, to a key as `openssl rand -hex 32` prints one, and keep it"
            )
        return name_of(self.values[0])

    def secret(self, account_id: int, key: str, version: int) -> str:
        """Return the secret of an account's codes, from the key of this name; raises `NoConsoleKey`."""
        try:
            derived = derive(self.values, key, f"codes of account {account_id} version {version}")
        except KeyError:
            raise NoConsoleKey(
                f"the codes were set up with another CONSOLE_KEY (named {key}): add that one after the new one"
            ) from None
        return b32encode(derived[:SECRET_BYTES]).decode()

    def accepted_step(self, account_id: int, stored: Credentials, code: str, at: float) -> int | None:
        """Return the step of 30 s that a code belongs to; None if it is wrong or no newer than the last one accepted.

        `at` is in Unix seconds. Raises `NoConsoleKey`.
        """
        if stored.totp_key is None:
            return None
        secret = self.secret(account_id, stored.totp_key, stored.totp_version)
        return accepted_step(secret, code, at, after=stored.totp_step)


def accepted_step(secret: str, code: str, at: float, *, after: int = 0) -> int | None:
    """Return the step that a code of this secret belongs to, later than `after`; None if there is none."""
    typed = "".join(code.split())
    if not CODE.fullmatch(typed):
        return None
    now, codes = int(at) // PERIOD, TOTP(secret)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(codes.generate_otp(step), typed) and step > after:
            return step
    return None


def setup_uri(secret: str, email: str) -> str:
    """Return the address that an authenticator reads from the picture."""
    return TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def picture(uri: str) -> str:
    """Return the picture of an address as SVG, black on white in any theme, since scanners want that."""
    drawn: str = segno.make(uri, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff")
    return drawn
