"""A process that judges stored events stage by stage, each stage doing what the one before does and one thing more.

`python -P stages.py URL`, with the code to measure on PYTHONPATH: imports nothing of bench, so that it can also drive
another revision. Each line on standard input asks for the stage of that name; the answer is its CPU seconds.
"""

import gc
import sys
import time
from collections.abc import Callable
from itertools import chain

from sqlalchemy import create_engine

from app.backtest import judging, queries
from app.backtest.controllers import rule_set_of
from app.backtest.domain import ALL_PLAYERS, Calendar, Scope, Span
from app.backtest.judging import BacktestJob, Judging
from app.backtest.queries import BacktestQueries
from app.config import sqlalchemy_url
from app.rules.running_history import RunningHistory
from lib.database import Database
from lib.snapshots import Reader, Snapshot, snapshot_of
from lib.workers import GC_THRESHOLD

[PLAYERS] = ALL_PLAYERS


class Stages:
    """The stages, over all events of a database, by the rules of edition 1."""

    def __init__(self, job: BacktestJob, reader: Reader) -> None:
        self._job, self._reader, self._queries = job, reader, BacktestQueries(reader)

    def read(self) -> None:
        """Read the rows that events are made from."""
        within = {"first": PLAYERS.first, "last": PLAYERS.last, "opens": 0, "last_t": sys.maxsize}
        for _ in self._reader.rows(f"{queries.EVENTS} ORDER BY user_id, t, n", within):
            pass

    def make(self) -> None:
        """Make the events."""
        for _ in self._queries.events(self._job.scope, PLAYERS, self._job.needs):
            pass

    def remember(self) -> None:
        """Keep the history of each."""
        self._walk(lambda *_: None)

    def evaluate(self) -> None:
        """Evaluate the rules."""
        self._walk(self._job.edition.evaluate)

    def count(self) -> None:
        """Count what they raise: a whole backtest."""
        judging.judge(self._queries, self._job, Judging(Span(PLAYERS, 0), Calendar()))

    def _walk(self, evaluate: Callable[..., object]) -> None:
        past, present = RunningHistory(self._job.needs), 0
        for event in chain.from_iterable(self._queries.events(self._job.scope, PLAYERS, self._job.needs)):
            if event.user_id != present:
                past.forget()
                present = event.user_id
            evaluate(event, past.before(event.t))
            past.remember(event)


def main() -> None:
    """Answer until standard input ends."""
    engine = create_engine(sqlalchemy_url(sys.argv[1]))
    database = Database(engine, deadline=60)
    with snapshot_of(engine, "bench") as snapshot, snapshot.reader() as reader:
        stages = Stages(_job(database, snapshot), reader)
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)  # as the processes of a backtest
        for line in sys.stdin:
            began = time.process_time()
            getattr(stages, line.strip())()
            print(time.process_time() - began, flush=True)  # noqa: T201  # the answer


def _job(database: Database, snapshot: Snapshot) -> BacktestJob:
    return BacktestJob(snapshot=snapshot, scope=Scope(), edition=rule_set_of(database, 1), against=None)


if __name__ == "__main__":
    main()
