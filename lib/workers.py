"""A few processes that do the pieces of one work: all of it, or an error. Never a part of it in silence.

They are those of a `ProcessPoolExecutor`, started by spawn (forked ones would share connections and locks). Added to it
are a context that each process keeps for all of its pieces, Ctrl-C for the owner alone, and processes that end with
their owner, however that ends.
"""

import atexit
import gc
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from lib import lifeline

SELDOM = 100_000  # values made and not yet gone, after which cycles among them are looked for

Given = TypeVar("Given")  # what every process is told when it begins
Context = TypeVar("Context")  # what a process makes of it, once for all of its pieces
Context_co = TypeVar("Context_co", covariant=True)
Result = TypeVar("Result")
Begin = Callable[[Given], AbstractContextManager[Context]]
Piece = Callable[[Context], Result]


class Crew(Protocol[Context_co]):
    """Whoever does pieces of a work."""

    @property
    def cpu_seconds(self) -> float:
        """The CPU time that the pieces took so far."""

    def each(self, pieces: Iterable[Piece[Context_co, Result]]) -> Iterator[Result]:
        """Have the pieces done, in no order, and return their results."""


class OpenCrew(Protocol):
    """How a crew of at most `count` is got together, and let go at the end of the block."""

    def __call__(
        self, begin: Begin[Given, Context], given: Given, count: int, /
    ) -> AbstractContextManager[Crew[Context]]:
        """Return the crew; each of them enters `begin(given)` before its first piece."""


class WorkerFailed(Exception):
    """A process could not do its piece, or ended before it had; nothing of the work counts."""


class Recorded(SpawnContext):
    """Makes processes, and knows them: to end them at once, and to say how they ended."""

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[SpawnProcess] = []

    def Process(self, *arguments: Any, **named: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: ANN401, N802  # its base has a class there
        """Make one."""
        self.processes.append(SpawnProcess(*arguments, **named))
        return self.processes[-1]


@dataclass(slots=True)
class Workers(Generic[Given, Context]):
    """At most `count` processes; each enters `begin(given)` and calls its pieces with the context that it gets there.

    `begin`, `given`, pieces and results travel between processes, so all of them must be picklable. Use it with
    `with`; leaving by an error, also an interrupt, ends the processes in the midst of a piece.
    """

    begin: Begin[Given, Context]
    given: Given
    count: int
    cpu_seconds: float = field(default=0, init=False)
    _pool: ProcessPoolExecutor = field(init=False)
    _made: "Recorded" = field(init=False)

    def __enter__(self) -> Self:
        # It lets signals through once it has started, so it must start before they are held back.
        resource_tracker.ensure_running()
        self._made = Recorded()
        self._pool = ProcessPoolExecutor(self.count, self._made, _start, (self.begin, self.given))
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        with interrupts_held_back():
            if error is not None:
                for process in self._made.processes:
                    process.kill()
            self._pool.shutdown(cancel_futures=True)

    def each(self, pieces: Iterable[Piece[Context, Result]]) -> Iterator[Result]:
        """Have the pieces done, in no order, and return their results; raises `WorkerFailed`."""
        for done in as_completed(self._given_out(pieces)):
            result, spent = self._of(done)
            self.cpu_seconds += spent
            yield result

    def _given_out(self, pieces: Iterable[Piece[Context, Result]]) -> set["Future[tuple[Result, float]]"]:
        # Ctrl-C reaches every process of a terminal. It is for the owner to end the others: they never see it.
        with interrupts_held_back():
            try:
                return {self._pool.submit(_do, piece) for piece in pieces}
            except BrokenProcessPool:
                raise self._ended() from None

    def _of(self, done: "Future[tuple[Result, float]]") -> tuple[Result, float]:
        try:
            return done.result()
        except BrokenProcessPool:
            raise self._ended() from None
        except Exception as error:  # noqa: BLE001  # whatever it is, nothing of the work counts
            failed = WorkerFailed(f"{type(error).__name__}: {str(error).strip()}")
            failed.add_note(str(error.__cause__))  # where it was raised, in the words of the process
            raise failed from None

    def _ended(self) -> WorkerFailed:
        """Say how the first process ended; as one did, the pool has ended all others by SIGTERM."""
        self._pool.shutdown()
        codes = {process.exitcode or 0 for process in self._made.processes}
        code = next(iter(codes - {0, -signal.SIGTERM}), -signal.SIGTERM)
        how = f"by signal {-code}" if code < 0 else f"with status {code}"
        return WorkerFailed(f"a worker process ended {how} before its work was done")


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Let Ctrl-C wait until the end of the block; a process started in it never sees any."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_context: Callable[[], Any]  # of this process, where it is one of the workers


def _start(begin: Begin[Given, Context], given: Given) -> None:
    """Begin the life of a process; its context is made with its first piece, so that an error has somebody to go to."""
    global _context  # noqa: PLW0603  # as said above
    lifeline.watch_parent()
    # A piece makes very many values and hardly a cycle: looking for some as often as usual is a tenth of all CPU.
    gc.freeze()
    gc.set_threshold(SELDOM)
    held = ExitStack()
    atexit.register(held.close)
    _context = cache(lambda: held.enter_context(begin(given)))


def _do(piece: Piece[Context, Result]) -> tuple[Result, float]:
    """Return the result of a piece, and the CPU seconds that it took."""
    began = time.process_time()
    result = piece(_context())
    return result, time.process_time() - began
