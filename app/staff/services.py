"""What the use cases of staff need."""

from dataclasses import dataclass

from app.staff.passwords import Passwords
from app.staff.totp import ConsoleKeys
from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffServices:
    """The database of the accounts, what checks passwords and codes, and the address of the console.

    `link_sign_in` allows one-time links that need neither password nor code: in development only.
    """

    database: Database
    passwords: Passwords
    keys: ConsoleKeys
    console_url: str
    link_sign_in: bool
