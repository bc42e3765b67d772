"""Where a request comes from, this machine or elsewhere, our own page or another site's, and to which host name."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

Environ = Mapping[str, Any]

OWN_PAGE = frozenset({"same-origin", "none"})  # none: typed, or from a bookmark
ANY_X_FORWARDED = "\nHTTP_X_FORWARDED"


@lru_cache(maxsize=1024)
def is_loopback(address: str | None) -> bool:
    """Tell whether an address, or `localhost`, is reached from this machine only."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address == "localhost"
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def is_local(environ: Environ) -> bool:
    """Tell whether a program on this machine sent the request, and not a proxy on it for somebody else."""
    return is_loopback(environ.get("REMOTE_ADDR")) and not is_forwarded(environ)


def is_forwarded(environ: Environ) -> bool:
    """Tell whether a proxy passed the request on, so that its address is the proxy's."""
    # Joining the names takes a third of the time of checking each.
    return "HTTP_FORWARDED" in environ or "HTTP_VIA" in environ or ANY_X_FORWARDED in "\n".join(environ)


def is_cross_site(environ: Environ) -> bool:
    """Tell whether a browser sends the request for a page of another site; other programs send no such headers."""
    site = environ.get("HTTP_SEC_FETCH_SITE")
    origin = environ.get("HTTP_ORIGIN")
    return (site is not None and site not in OWN_PAGE) or (
        origin is not None and not _is_own_origin(origin, environ.get("HTTP_HOST", ""))
    )


def _is_own_origin(origin: str, host: str) -> bool:
    """Tell whether an `Origin` is that of the `Host`; on any port if a proxy removed the port from `Host`."""
    own = origin.partition("://")[2].lower()
    host = host.lower()
    return bool(own) and (own == host or (_without_port(host) == host and _without_port(own) == host))


@lru_cache(maxsize=1024)
def is_known_host(host: str, names: frozenset[str]) -> bool:
    """Tell whether a `Host` is this machine, or one of these names, on any port."""
    name = _without_port(host.lower())
    return name in names or is_loopback(name.strip("[]"))


def _without_port(host: str) -> str:
    """Return a `Host` without its port; an IPv6 address keeps its brackets."""
    name, port, digits = host.rpartition(":")
    return name if port and digits.isascii() and (digits.isdigit() or not digits) else host
