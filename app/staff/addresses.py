"""The addresses of one-time links."""

from app.staff.domain import Link, LinkKind

PATHS = {LinkKind.INVITE: "welcome", LinkKind.RESET: "welcome", LinkKind.SIGN_IN: "enter"}


def link_address(console_url: str, made_link: Link) -> str:
    """Return the address of a one-time link."""
    return f"{console_url}/console/{PATHS[made_link.kind]}/{made_link.token}"
