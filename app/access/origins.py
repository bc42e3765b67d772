"""Where a request comes from: this machine or elsewhere, a page of our own or of somebody else, and to which name."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

Environ = Mapping[str, Any]

OWN_PAGE = frozenset({"same-origin", "none"})  # none: typed or bookmarked by a person
ANY_X_FORWARDED = "\nHTTP_X_FORWARDED"


@lru_cache(maxsize=1024)
def is_loopback(address: str | None) -> bool:
    """Tell whether only this machine has the address; `localhost` is one as well."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address == "localhost"
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def comes_from_here(environ: Environ) -> bool:
    """Tell whether a request was sent by a program on this machine, and not by a proxy on it for somebody else."""
    return (
        is_loopback(environ.get("REMOTE_ADDR"))
        and "HTTP_FORWARDED" not in environ
        and "HTTP_VIA" not in environ
        and ANY_X_FORWARDED not in "\n".join(environ)  # any such header; a third of the time of asking each name
    )


def comes_from_foreign_page(environ: Environ) -> bool:
    """Tell whether a browser says that a page of somebody else sends the request. Programs say nothing of pages."""
    site = environ.get("HTTP_SEC_FETCH_SITE")
    origin = environ.get("HTTP_ORIGIN")
    return (site is not None and site not in OWN_PAGE) or (
        origin is not None and not _is_own_origin(origin, environ.get("HTTP_HOST", ""))
    )


def _is_own_origin(origin: str, host: str) -> bool:
    """Tell whether an `Origin` is that of the `Host`; where a proxy left the port out of it, whatever the port is."""
    own = origin.partition("://")[2].lower()
    host = host.lower()
    return bool(own) and (own == host or (_name_of(host) == host and _name_of(own) == host))


@lru_cache(maxsize=1024)
def is_own_name(host: str, names: frozenset[str]) -> bool:
    """Tell whether a `Host` is a name of this machine itself, or one of these, whatever its port."""
    name = _name_of(host.lower())
    return name in names or is_loopback(name.strip("[]"))


def _name_of(host: str) -> str:
    """Return a `Host` without its port; an IPv6 address keeps its brackets."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
