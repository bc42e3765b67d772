"""Secrets that are shown once and stored as SHA-256: of cookies, one-time links and recovery codes."""

import hmac
import secrets
from hashlib import sha256

from app.staff.domain import RECOVERY_CODES

BYTES = 32
RECOVERY_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that look alike
RECOVERY_LENGTH = 24  # 118 bits: a digest of fewer than 112 would have to be slow to compute
RECOVERY_GROUP = 4


def new_token() -> str:
    """Make the secret part of a cookie or link: 256 random bits."""
    return secrets.token_urlsafe(BYTES)


def digest_of(token: str) -> bytes:
    """Return what is stored of a token, which nobody can guess: one round is enough."""
    return sha256(token.encode()).digest()


def form_token(session_token: str) -> str:
    """Return what each form of a session carries to prove that it was made for it; it reveals nothing of the cookie."""
    return hmac.digest(session_token.encode(), b"form", "sha256").hex()


def new_recovery_codes() -> list[str]:
    """Make recovery codes, in groups of four characters."""
    return [_grouped(_random_letters()) for _ in range(RECOVERY_CODES)]


def recovery_digest(code: str) -> bytes:
    """Return what is stored of a recovery code, however it is typed."""
    return digest_of("".join(each for each in code.lower() if each in RECOVERY_LETTERS))


def _random_letters() -> str:
    return "".join(secrets.choice(RECOVERY_LETTERS) for _ in range(RECOVERY_LENGTH))


def _grouped(code: str) -> str:
    return "-".join(code[place : place + RECOVERY_GROUP] for place in range(0, len(code), RECOVERY_GROUP))
