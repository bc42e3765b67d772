"""Reads a URL strictly: what two readers could take for different hosts is refused."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from lib.safe_http.bounds import Allowed
from lib.safe_http.errors import Refused

MAX_URL = 2_048  # characters
MAX_PORT = 65_535
NO_HOST = "the URL has no valid host and port"
PORTS = {"https": 443, "http": 80}
AUTHORITY = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:@]+))(?::(?P<port>[0-9]{0,5}))?")
NAME = re.compile(r"[a-z0-9._-]{1,253}")
# Python encodes names by IDNA 2003, browsers by IDNA 2008. These characters make different names by the two, which may
# have different owners.
AMBIGUOUS = frozenset("ßẞς")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a URL points; `host` is a name in ASCII or an address without brackets, `path` includes the query."""

    is_secure: bool
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The value of the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS["https" if self.is_secure else "http"] else f"{host}:{self.port}"


def parse_target(url: str, allowed: Allowed) -> Target:
    """Return where a URL points.

    Raises:
        Refused: if it is not of the form `https://host[:port][/path][?query]`.

    """
    parts = _split(url)
    _check_scheme(parts.scheme, allowed)
    if "@" in parts.netloc:
        raise Refused("the URL contains a user name or password: remove what comes before the @")
    if (authority := AUTHORITY.fullmatch(parts.netloc)) is None:
        raise Refused(NO_HOST)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise Refused("the URL's path contains characters other than ASCII: write them percent-encoded")
    return Target(
        is_secure=parts.scheme == "https",
        host=_ipv6(authority["ipv6"]) if authority["ipv6"] else _ascii(authority["name"]),
        port=_port(authority["port"], parts.scheme),
        path=path,
    )


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL:
        raise Refused(f"the URL is longer than {MAX_URL:,} characters")
    if " " in url or "\\" in url or not url.isprintable():  # before urlsplit, which drops some of them
        raise Refused("the URL contains a space, a control character or a backslash")
    if "#" in url:
        raise Refused("the URL contains a fragment, which is never sent: remove the # and what follows")
    try:
        return urlsplit(url)
    except ValueError:
        raise Refused(NO_HOST) from None


def _check_scheme(scheme: str, allowed: Allowed) -> None:
    if scheme not in PORTS:
        raise Refused("the URL does not begin with https://")
    if scheme == "http" and not allowed.http:
        allow = f", or allow it with {allowed.http_setting}" if allowed.http_setting else ""
        raise Refused(f"with http:// everything would be sent unencrypted: use https://{allow}")


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise Refused(NO_HOST) from None


def _ascii(name: str) -> str:
    if AMBIGUOUS.intersection(name):
        raise Refused("the host's name can be encoded in two ways: write it in ASCII (xn--…)")
    try:
        encoded = name.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        encoded = ""
    if not NAME.fullmatch(encoded):
        raise Refused("the URL's host is not a valid name")
    return encoded


def _port(digits: str | None, scheme: str) -> int:
    port = int(digits) if digits else PORTS[scheme]
    if not 1 <= port <= MAX_PORT:
        raise Refused(f"the URL's port is not between 1 and {MAX_PORT}")
    return port
