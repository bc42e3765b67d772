"""A few processes that do the pieces of one work: all of it, or an error. Never a part of it in silence.

Each process is made anew (no fork: that would share connections and locks) and asked for one piece after the other.
A piece is a callable that takes the context of its process and yields messages; so whoever gives pieces knows the type
of the messages that come back. The processes end with their owner, however that ends.
"""

import gc
import multiprocessing
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar, cast

from lib import lifeline

LONGEST_GOODBYE = 5  # seconds that a process may take to end once it was told to

SELDOM = 100_000  # values made and not yet gone, after which cycles among them are looked for

Given = TypeVar("Given")  # what every process is told when it begins
Context = TypeVar("Context")  # what a process makes of it, once for all of its pieces
Context_co = TypeVar("Context_co", covariant=True)
Message = TypeVar("Message")
Begin = Callable[[Given], AbstractContextManager[Context]]
Piece = Callable[[Context], Iterator[Message]]


class Crew(Protocol[Context_co]):
    """Whoever does pieces of a work."""

    @property
    def cpu_seconds(self) -> float:
        """The CPU time that the pieces took so far."""

    def each(self, pieces: Iterable[Piece[Context_co, Message]]) -> Iterator[Message]:
        """Have the pieces done, in no order, and return their messages."""


class OpenCrew(Protocol):
    """How a crew of at most `count` is got together, and let go at the end of the block."""

    def __call__(
        self, begin: Begin[Given, Context], given: Given, count: int, /
    ) -> AbstractContextManager[Crew[Context]]:
        """Return the crew; each of them enters `begin(given)` before its first piece."""


class WorkerFailed(Exception):
    """A process could not do its piece, or ended before it had; nothing of the work counts."""


@dataclass(frozen=True, slots=True)
class _Told:
    message: object


@dataclass(frozen=True, slots=True)
class _Done:
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class _Failed:
    text: str
    traceback: str


_Heard = _Told | _Done | _Failed


@dataclass(slots=True)
class _Worker(Generic[Context]):
    process: SpawnProcess
    line: "connection.Connection[Piece[Context, object], _Heard]"
    cpu_seconds: float = 0


@dataclass(slots=True)
class Workers(Generic[Given, Context]):
    """At most `count` processes; each enters `begin(given)` and calls its pieces with the context that it gets there.

    `begin`, `given`, pieces and messages travel between processes, so all of them must be picklable. Use it with
    `with`; leaving by an error, also an interrupt, ends the processes in the midst of a piece.
    """

    begin: Begin[Given, Context]
    given: Given
    count: int
    _workers: list[_Worker[Context]] = field(default_factory=list, init=False)

    def __enter__(self) -> Self:
        # It lets signals through once it has started, so it must start before they are held back.
        resource_tracker.ensure_running()
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        self._end(at_once=error is not None)

    @property
    def cpu_seconds(self) -> float:
        """The CPU time of all processes until each finished its last piece, without what it took them to start."""
        return sum(worker.cpu_seconds for worker in self._workers)

    def each(self, pieces: Iterable[Piece[Context, Message]]) -> Iterator[Message]:
        """Have the pieces done, in no order, and return their messages; raises `WorkerFailed`."""
        waiting = deque(pieces)
        idle, busy = deque(self._workers), dict[object, _Worker[Context]]()
        while waiting or busy:
            while waiting and (idle or len(self._workers) < self.count):
                worker = idle.popleft() if idle else self._started()
                self._give(worker, waiting.popleft())
                busy[worker.line] = worker
            for line in connection.wait([worker.line for worker in busy.values()]):
                worker = busy[line]
                heard = _heard(worker)
                if isinstance(heard, _Told):
                    yield cast("Message", heard.message)  # of the pieces above: no other are being done
                else:
                    worker.cpu_seconds = heard.cpu_seconds
                    idle.append(busy.pop(worker.line))

    def _give(self, worker: _Worker[Context], piece: Piece[Context, Message]) -> None:
        try:
            worker.line.send(piece)
        except OSError:
            _heard(worker)  # why it ended, if it could still say so
            raise _ended(worker) from None

    def _started(self) -> _Worker[Context]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.begin, self.given), daemon=True)
        # Ctrl-C reaches every process of a terminal. It is for the owner to end the others: they never see it.
        with interrupts_held_back():
            process.start()
            self._workers.append(_Worker(process, ours))
        theirs.close()
        return self._workers[-1]

    def _end(self, *, at_once: bool) -> None:
        with interrupts_held_back():
            for worker in self._workers:
                worker.line.close()  # whoever waits for a piece knows that none will come
                if at_once:
                    worker.process.terminate()
            for worker in self._workers:
                worker.process.join(LONGEST_GOODBYE)
                if worker.process.is_alive():
                    worker.process.kill()
                    worker.process.join()
                worker.process.close()


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Let Ctrl-C wait until the end of the block; a process started in it never sees any."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _heard(worker: _Worker[Context]) -> _Told | _Done:
    try:
        heard = worker.line.recv()
    except (EOFError, OSError):
        raise _ended(worker) from None
    if isinstance(heard, _Failed):
        failed = WorkerFailed(heard.text)
        failed.add_note(heard.traceback)
        raise failed
    return heard


def _ended(worker: _Worker[Context]) -> WorkerFailed:
    worker.process.join(LONGEST_GOODBYE)
    code = worker.process.exitcode
    how = f"by signal {-code}" if code is not None and code < 0 else f"with status {code}"
    return WorkerFailed(f"a worker process ended {how} before its work was done")


def _serve(
    line: "connection.Connection[_Heard, Piece[Context, object]]", begin: Begin[Given, Context], given: Given
) -> None:
    """Do pieces for as long as there is somebody to ask for them: the life of such a process."""
    lifeline.watch_parent()
    # A piece makes very many values and hardly a cycle: looking for some as often as usual is a tenth of all CPU.
    gc.freeze()
    gc.set_threshold(SELDOM)
    began = time.process_time()
    try:
        with begin(given) as context:
            while True:
                for message in line.recv()(context):
                    line.send(_Told(message))
                line.send(_Done(time.process_time() - began))
    except (EOFError, BrokenPipeError):
        return  # its owner has gone
    except Exception as error:  # noqa: BLE001  # whatever it is, the owner must know
        line.send(_Failed(f"{type(error).__name__}: {str(error).strip()}", traceback.format_exc()))
