"""Resolves a host once, and judges every address that it has: what was resolved, never how the host is spelled.

`getaddrinfo` takes 2130706433, 0x7f000001, 0177.0.0.1 and 127.1 for 127.0.0.1, so the text of a host says nothing.
It has no timeout either; hence it runs in a thread that is abandoned if it takes too long.
"""

import socket
from concurrent.futures import Future
from ipaddress import ip_address
from threading import BoundedSemaphore, Thread
from typing import NamedTuple

from lib.safe_http.addresses import special_kind
from lib.safe_http.bounds import Allowed, Deadline
from lib.safe_http.errors import Failed, Refused
from lib.safe_http.targets import Target

RESOLVING = "resolving the host's name"
# Threads that may be in getaddrinfo at a time, abandoned ones included. The resolver gives up by itself, usually after
# 10 to 30 s; until then a broken one must not be given thread after thread.
lookups = BoundedSemaphore(32)


class SocketAddress(NamedTuple):
    """An address to connect to, exactly as the resolver returned it."""

    family: socket.AddressFamily
    sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


def resolve(target: Target, allowed: Allowed, deadline: Deadline) -> list[SocketAddress]:
    """Return the addresses of a host, in the order of preference, all of which may be connected to.

    Raises:
        Refused: if any of them is neither public nor allowed. One is enough: a name with both is a trap or a mistake.
        Failed: if there is none, or not in time.

    """
    addresses = _look_up(target, deadline)
    for address in addresses:
        _check(address, target, allowed)
    return addresses


def _check(address: SocketAddress, target: Target, allowed: Allowed) -> None:
    resolved = ip_address(address.sockaddr[0])
    if kind := special_kind(resolved, allowed.networks):
        what = str(resolved) if str(resolved) == target.host else f"{target.host} resolves to {resolved}, which"
        allow = f"; to allow it, add {resolved} to {allowed.networks_setting}" if allowed.networks_setting else ""
        raise Refused(f"{what} is {kind}{allow}")


def _look_up(target: Target, deadline: Deadline) -> list[SocketAddress]:
    if not lookups.acquire(timeout=deadline.remaining(RESOLVING)):
        raise deadline.missed(RESOLVING)
    found = _start_asking(target)
    try:
        addresses = found.result(deadline.remaining(RESOLVING))
    except TimeoutError:
        raise deadline.missed(RESOLVING) from None
    except OSError as error:
        raise Failed(f"cannot resolve {target.host}: {error.strerror or 'no answer'}") from None
    if not addresses:
        raise Failed(f"cannot resolve {target.host}: it has no address")
    return addresses


def _start_asking(target: Target) -> Future[list[SocketAddress]]:
    found: Future[list[SocketAddress]] = Future()
    try:
        Thread(target=_ask, args=(target, found, lookups), name="resolving", daemon=True).start()
    except RuntimeError:  # the system gives no more threads
        lookups.release()
        raise Failed(f"cannot resolve {target.host}: no thread is free") from None
    return found


def _ask(target: Target, found: Future[list[SocketAddress]], slots: BoundedSemaphore) -> None:
    try:
        infos = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        found.set_result([SocketAddress(family, sockaddr) for family, *_, sockaddr in infos])
    except Exception as error:  # noqa: BLE001  # the waiting thread raises it
        found.set_exception(error)
    finally:
        slots.release()
