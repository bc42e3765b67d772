"""Gives the team its accounts: invited by one who has the shell, set up by each with password and codes."""

import secrets
import time
from collections.abc import Mapping

from pyotp import TOTP

from app.staff import controllers, setting_up
from app.staff.domain import Link
from app.staff.permissions import Actor, person
from app.staff.signing_in import Browser
from demo.people import SIGN_IN, TEAM, Member
from demo.site import ROOT, Site

BROWSER = Browser(address="127.0.0.1", agent="the demo")

Team = Mapping[str, Actor]  # by the key of a member


def gather(site: Site) -> Team:
    """Invite everybody; those who join set up their accounts. Return who works, as actors."""
    return {member.key: actor for member in TEAM if (actor := _invite(site, member))}


def _invite(site: Site, member: Member) -> Actor | None:
    link = controllers.invite(site.staff, ROOT, member.email, member.roles, member.name)
    if member.joins:
        _set_up(site, link, member)
    if member.left:
        controllers.disable(site.staff, ROOT, link.account.id)
    return person(link.account.id, member.name, member.roles) if member.joins and not member.left else None


def _set_up(site: Site, link: Link, member: Member) -> None:
    """Set up an account; nobody knows the password afterwards, for links sign in."""
    secret = setting_up.look_up_link(site.staff, link.token).secret
    code = TOTP(secret).at(int(time.time()))
    setting_up.set_up(site.staff, link.token, member.name, secrets.token_urlsafe(24), code, BROWSER)


def links(site: Site) -> list[tuple[Member, Link]]:
    """Return a new link for each of those as whom a reader may look around; it signs in once, within an hour."""
    known = {account.email: account.id for account in controllers.staff(site.staff.database, ROOT).accounts}
    return [(member, controllers.sign_in_link(site.staff, ROOT, known[member.email])) for member in SIGN_IN]
