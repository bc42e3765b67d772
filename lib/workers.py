"""Worker processes that do a job piece by piece: all of it, or an error; never silently a part.

They belong to a `ProcessPoolExecutor` and are spawned (forked ones would share connections and locks). This module adds
a context that each process keeps for all of its pieces, leaves Ctrl-C to the parent process, and ends the workers when
the parent ends, however it ends.
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
from traceback import format_exception
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from lib import lifeline

GC_THRESHOLD = 100_000  # live allocations that trigger the cyclic garbage collector

Given = TypeVar("Given")  # the argument that every process gets at its start
Context = TypeVar("Context")  # what a process makes of it, once for all of its pieces
Context_co = TypeVar("Context_co", covariant=True)
Result = TypeVar("Result")
Begin = Callable[[Given], AbstractContextManager[Context]]
Piece = Callable[[Context], Result]


class WorkerPool(Protocol[Context_co]):
    """Anything that does the pieces of a job."""

    @property
    def cpu_seconds(self) -> float:
        """The CPU time that the pieces have taken so far."""

    def each(self, pieces: Iterable[Piece[Context_co, Result]]) -> Iterator[Result]:
        """Do the pieces, in any order, and yield their results."""


class OpenPool(Protocol):
    """Starts at most `count` workers, and ends them at the end of the block."""

    def __call__(
        self, begin: Begin[Given, Context], given: Given, count: int, /
    ) -> AbstractContextManager[WorkerPool[Context]]:
        """Return the workers; each enters `begin(given)` before its first piece."""


class WorkerFailed(Exception):
    """A process failed at its piece, or ended before it was done; no result of the job counts."""


class TrackedSpawn(SpawnContext):
    """Makes processes and keeps them, to kill them at once and to report how they ended."""

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[SpawnProcess] = []

    def Process(self, *arguments: Any, **named: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: ANN401, N802  # its base has a class there
        """Make a process."""
        self.processes.append(SpawnProcess(*arguments, **named))
        return self.processes[-1]


@dataclass(slots=True)
class Workers(Generic[Given, Context]):
    """At most `count` processes; each enters `begin(given)` and calls its pieces with the context that this returns.

    `begin`, `given`, pieces and results must be picklable. A context manager: leaving it by an exception, including an
    interrupt, kills the processes in the middle of a piece.
    """

    begin: Begin[Given, Context]
    given: Given
    count: int
    cpu_seconds: float = field(default=0, init=False)
    _pool: ProcessPoolExecutor = field(init=False)
    _spawn: "TrackedSpawn" = field(init=False)

    def __enter__(self) -> Self:
        # Starting the tracker unblocks signals, so it must start before we block them.
        resource_tracker.ensure_running()
        self._spawn = TrackedSpawn()
        self._pool = ProcessPoolExecutor(self.count, self._spawn, _start, (self.begin, self.given))
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        with interrupts_held_back():
            if error is not None:
                for process in self._spawn.processes:
                    process.kill()
            self._pool.shutdown(cancel_futures=True)

    def each(self, pieces: Iterable[Piece[Context, Result]]) -> Iterator[Result]:
        """Do the pieces, in any order, and yield their results; raises `WorkerFailed`."""
        for done in as_completed(self._submit(pieces)):
            result, spent = self._result(done)
            self.cpu_seconds += spent
            yield result

    def kill(self) -> None:
        """Kill the processes that have started, from any thread: whoever awaits a piece gets `WorkerFailed`."""
        for process in self._spawn.processes:
            if process.pid is not None:
                process.kill()

    def _submit(self, pieces: Iterable[Piece[Context, Result]]) -> set["Future[tuple[Result, float]]"]:
        # A terminal sends Ctrl-C to every process. Only the parent must see it: it ends the others.
        with interrupts_held_back():
            try:
                return {self._pool.submit(_do, piece) for piece in pieces}
            except BrokenProcessPool:
                raise self._ended() from None

    def _result(self, done: "Future[tuple[Result, float]]") -> tuple[Result, float]:
        try:
            return done.result()
        except BrokenProcessPool:
            raise self._ended() from None
        except _PieceFailed as error:
            message, where = error.args
            failed = WorkerFailed(message)
            failed.add_note(where)
            raise failed from None
        except Exception as error:  # noqa: BLE001  # such as a result that cannot be pickled
            raise WorkerFailed(_one_line(error)) from None

    def _ended(self) -> WorkerFailed:
        """Return how the first process ended; after it, the pool has ended all others by SIGTERM."""
        self._pool.shutdown()
        codes = {process.exitcode or 0 for process in self._spawn.processes}
        code = next(iter(codes - {0, -signal.SIGTERM}), -signal.SIGTERM)
        how = f"by signal {-code}" if code < 0 else f"with status {code}"
        return WorkerFailed(f"a worker process ended {how} before its work was done")


@dataclass(slots=True)
class ThisProcess(Generic[Given, Context]):
    """A pool that does the pieces in this process, one after the other: for work that is done before others start."""

    begin: Begin[Given, Context]
    given: Given
    count: int
    cpu_seconds: float = field(default=0, init=False)  # that of other processes
    _stack: ExitStack = field(default_factory=ExitStack, init=False)
    _context: Context = field(init=False)

    def __enter__(self) -> Self:
        self._context = self._stack.enter_context(self.begin(self.given))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def each(self, pieces: Iterable[Piece[Context, Result]]) -> Iterator[Result]:
        """Do the pieces, in their order, and yield their results."""
        return (piece(self._context) for piece in pieces)


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block; a process that is started in it never receives it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_context: Callable[[], Any]  # of this process, if it is a worker


def _start(begin: Begin[Given, Context], given: Given) -> None:
    """Initialise a process; its context is made with its first piece, whose future can then carry an error."""
    global _context  # noqa: PLW0603  # one per process
    lifeline.watch_parent()
    # A piece makes very many values and hardly a cycle: with the usual threshold, the collector takes a tenth of the
    # CPU time.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    held = ExitStack()
    atexit.register(held.close)
    _context = cache(lambda: held.enter_context(begin(given)))


class _PieceFailed(Exception):
    """A piece raised an exception: its line and its traceback, which travel even if it cannot be pickled."""


def _do(piece: Piece[Context, Result]) -> tuple[Result, float]:
    """Return the result of a piece, and the CPU seconds that it took."""
    began = time.process_time()
    try:
        result = piece(_context())
    except Exception as error:  # noqa: BLE001  # whatever it is, the job has failed
        raise _PieceFailed(_one_line(error), "".join(format_exception(error))) from None
    return result, time.process_time() - began


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip()}"
