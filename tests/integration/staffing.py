"""People for tests: accounts that are set up, and browsers in which they are signed in."""

import re
import time
from dataclasses import dataclass

from apiflask import APIFlask
from pyotp import TOTP
from werkzeug.test import TestResponse

from app.staff import controllers, setting_up, signing_in
from app.staff.domain import Session
from app.staff.permissions import Role, shell
from app.staff.services import StaffServices
from app.staff.signing_in import Browser
from lib.services import services_of

ROOT = shell("root@test")
HERE = Browser(address="192.0.2.1", agent="a browser")
PASSWORD = "correct horse battery"  # noqa: S105  # of nobody real


class Clock:
    """The clock of codes: tests need more of them than there are within a minute."""

    ahead = 0.0

    def time(self) -> float:
        return time.time() + self.ahead

    def reach(self, moment: float) -> None:
        self.ahead = max(self.ahead, moment - time.time())


CLOCK = Clock()


@dataclass
class Member:
    """A person as the tests know them: with all that they know."""

    id: int
    email: str
    secret: str
    password: str = PASSWORD
    recovery_codes: tuple[str, ...] = ()
    used: int = 0

    def code(self) -> str:
        """Return a code that was not used yet, and that the service accepts for half a minute at least."""
        self.used = max(int(CLOCK.time()) // 30, self.used + 1)
        CLOCK.reach((self.used - 1) * 30)
        return TOTP(self.secret).generate_otp(self.used)


def join(made: StaffServices, email: str, *roles: Role, name: str = "Ann Smith") -> tuple[Member, str]:
    """Invite somebody who sets the account up; return what they know, and the token of their session."""
    link = controllers.invite(made, ROOT, email, roles)
    shown = setting_up.look_up_link(made, link.token)
    member = Member(id=link.account.id, email=email, secret=shown.secret)
    arrived = setting_up.set_up(made, link.token, name, PASSWORD, member.code(), HERE)
    member.recovery_codes = arrived.recovery_codes
    return member, arrived.token


def session_of(made: StaffServices, token: str) -> Session:
    session = signing_in.authenticate(made, token)
    assert session
    return session


class Tab:
    """A browser for tests, in which somebody is signed in; it sends the forms of the pages that it shows."""

    def __init__(self, app: APIFlask, token: str) -> None:
        self.client = app.test_client()
        self.client.set_cookie("session", token)
        self.csrf = ""

    def get(self, path: str) -> TestResponse:
        response = self.client.get(path)
        if found := re.search(r'name="csrf" value="([0-9a-f]+)"', response.text):
            self.csrf = found[1]
        return response

    def post(self, path: str, **fields: object) -> TestResponse:
        """Send a form; with `csrf` unless that is given."""
        if not self.csrf:
            self.get("/console/me")
        return self.client.post(path, data={"csrf": self.csrf, **fields})


def tab_of(app: APIFlask, *roles: Role, email: str = "ann@example.com", name: str = "Ann Smith") -> Tab:
    """Return a browser in which a new person with these roles is signed in."""
    return Tab(app, join(services_of(app, StaffServices), email, *roles, name=name)[1])
