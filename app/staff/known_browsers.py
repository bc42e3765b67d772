"""Browsers in which somebody has signed in: their attempts are counted apart from those of strangers (A70).

A browser proves it by a cookie that names the account's email address and is signed with a key derived from
CONSOLE_KEY, so nothing is stored. It opens nothing: password and code are needed as ever.
"""

import hmac
import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from app.staff.totp import ConsoleKeys
from lib.derived_secrets import derive, name_of

KNOWN_FOR = timedelta(days=90)
FORM = re.compile(r"([0-9a-f]{12})\.([0-9a-f]{32})\.([0-9]{1,12})\.([0-9a-f]{64})")


def mark_browser(keys: ConsoleKeys, email: str, now: datetime) -> str:
    """Return what tells a browser in which the owner of this address has just signed in; "" without a CONSOLE_KEY."""
    if not keys.values:
        return ""
    key, name, ends_at = name_of(keys.values[0]), secrets.token_hex(16), int((now + KNOWN_FOR).timestamp())
    return f"{key}.{name}.{ends_at}.{_signature(keys, key, name, ends_at, email)}"


def known_browser(keys: ConsoleKeys, mark: str, email: str, now: datetime) -> str | None:
    """Return the random name of a browser in which the owner of this address has signed in; None for any other."""
    read = FORM.fullmatch(mark)
    if read is None or int(read[3]) < now.timestamp():
        return None
    try:
        signature = _signature(keys, read[1], read[2], int(read[3]), email)
    except KeyError:
        return None
    return read[2] if hmac.compare_digest(signature, read[4]) else None


def _signature(keys: ConsoleKeys, key: str, name: str, ends_at: int, email: str) -> str:
    """Return the signature; raises `KeyError` for a key that has left the setting."""
    derived = derive(keys.values, key, "known browsers")
    whose = sha256(email.strip().lower().encode()).hexdigest()
    return hmac.new(derived, f"{name} {ends_at} {whose}".encode(), sha256).hexdigest()
