"""Lets a request wait for somebody else's server without holding up the requests of its kind."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from flask import has_request_context, request

from lib.concurrency import NoFreeSlot, acquire_slot, release_slot

MAX_WAITING = 4  # requests of a process; each holds a thread for some seconds at most

_waiting = BoundedSemaphore(MAX_WAITING)


@contextmanager
def waiting_outside() -> Iterator[None]:
    """Give up the slot of the request within this context, which must not use the database; a command has none.

    Raises `NoFreeSlot` if enough others wait already, or if afterwards no slot becomes free.
    """
    if not has_request_context():
        yield
        return
    if not _waiting.acquire(blocking=False):
        raise NoFreeSlot
    release_slot(request.environ)
    try:
        yield
    finally:
        _waiting.release()
    acquire_slot(request.environ)
