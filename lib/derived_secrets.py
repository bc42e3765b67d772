"""Secrets that are derived from a key in the settings, so that none is stored beside what it protects."""

import hmac
from collections.abc import Iterable
from hashlib import sha256


def name_of(value: str) -> str:
    """Return what a key is called where it must not be shown."""
    return sha256(b"name of " + value.encode()).hexdigest()[:12]


def derive(values: Iterable[str], key: str, purpose: str) -> bytes:
    """Return 32 bytes for a purpose, from the key of this name among the values; raises `KeyError` if it is none."""
    for value in values:
        if name_of(value) == key:
            return hmac.digest(value.encode(), purpose.encode(), "sha256")
    raise KeyError(key)
