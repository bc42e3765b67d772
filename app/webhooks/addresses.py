"""Checks the address of an endpoint when it is set; each attempt checks again, by what it resolves to then (A65)."""

from marshmallow import ValidationError

from app.webhooks.domain import Format
from app.webhooks.requests import MAIL
from lib.fields import Email
from lib.json_requests import InvalidMembers
from lib.safe_http import Allowed, Refused, check_url

MAX_EMAIL = 254  # characters (RFC 5321)


class WrongAddress(InvalidMembers):
    """An endpoint may not have this address; `errors` says why, and which setting would allow it."""

    def __init__(self, fault: str) -> None:
        super().__init__({"url": [f"{fault[0].upper()}{fault[1:]}."]})


def check_address(url: str, form: Format, allowed: Allowed, *, can_mail: bool) -> None:
    """Raise `WrongAddress` unless an endpoint of this format may have this address; this may take some seconds."""
    is_mail = url.startswith(MAIL)
    if is_mail is not (form is Format.EMAIL):
        raise WrongAddress(
            f"{MAIL}… is only for the format {Format.EMAIL.value}"
            if is_mail
            else f"an endpoint of the format {Format.EMAIL.value} has an address such as {MAIL}ops@example.com"
        )
    if is_mail:
        _check_mail(url.removeprefix(MAIL), can_mail=can_mail)
        return
    try:
        check_url(url, allowed)
    except Refused as error:
        raise WrongAddress(str(error)) from None


def _check_mail(address: str, *, can_mail: bool) -> None:
    try:
        Email(longest=MAX_EMAIL).deserialize(address)
    except ValidationError:
        raise WrongAddress(f"{MAIL} must be followed by one address in ASCII, such as ops@example.com") from None
    if not can_mail:
        raise WrongAddress("no e-mail can be sent: SMTP_URL is not set")
