"""Runs several parts at a time, each in its own process: while one waits, another uses the processors."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkProcess
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# What a part says goes over a pipe; what it does, and the handlers of signals, are those that it was forked with.
_FORK = multiprocessing.get_context("fork")

Told = TypeVar("Told")


def side_by_side(parts: Sequence[Callable[[], Told]]) -> list[Told]:
    """Run all parts at the same time; return their results in order.

    Whatever ends this ends the parts as well: as SIGTERM does, so that they put away what is theirs.

    Raises:
        EOFError: a part ended without a word.

    """
    with _begun(parts) as begun:
        return [reader.recv() for reader, _ in begun]


@contextmanager
def _begun(parts: Sequence[Callable[[], Told]]) -> Iterator[list[tuple["Connection[Told, Told]", ForkProcess]]]:
    begun: list[tuple[Connection[Told, Told], ForkProcess]] = []
    try:
        for part in parts:
            reader, writer = _FORK.Pipe(duplex=False)
            process = _FORK.Process(target=_do, args=(part, writer))
            process.start()
            writer.close()  # else its end would not be heard
            begun.append((reader, process))
        yield begun
    except BaseException:
        for _, process in begun:
            process.terminate()
        raise
    finally:
        for _, process in begun:
            process.join()


def _do(part: Callable[[], Told], writer: "Connection[Told, Told]") -> None:
    try:
        writer.send(part())
    except KeyboardInterrupt:
        writer.close()  # whoever ended us knows why
