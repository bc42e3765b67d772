"""Which editions are in force, as a process knows it: looked up a few times a second, past the events.

So an event pays nothing for it, and a publication reaches every worker within a second. What cannot be read changes
nothing: the last good editions go on, and readiness says so.
"""

from threading import Event, Lock, Thread
from weakref import ref

from app.events import metrics
from app.events.judges import Judge, RuleSet
from app.rulebook.domain import Edition, Status, UnreadableEdition
from app.rulebook.queries import RuleBookQueries
from lib.database import Database
from lib.logs import get_logger
from lib.transactions import Unavailable

PAUSE = 0.4  # seconds between two looks
UNREADABLE = "rule book"  # the fault of a book that is there and cannot be read

log = get_logger()


class NoRuleBook(Unavailable):
    """No good edition was ever read, so nothing can be judged yet."""


class RuleBookWatch:
    """Tells which judge is in force; looks on from the first time that anybody asks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stopped = Event()
        self._judge: Judge | None = None
        self._seen: tuple[int | None, ...] = ()
        self.fault = ""  # why the last look found no good edition; empty: it found one

    def judge(self) -> Judge:
        """Return the judge in force; raises `NoRuleBook` when there never was one."""
        if self._thread is None:
            self._begin()
        elif self._judge is None:
            self.look()  # better now than when it is looked for the next time
        if self._judge is None:
            raise NoRuleBook(f"the rule book cannot be read: {self.fault}")
        return self._judge

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self.look()
                watched = (ref(self), self._stopped)
                self._thread = Thread(target=_look_on, args=watched, name="rule book", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Look no more; returns when nobody does."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """Read which editions are in force; where that cannot be, leave those that are."""
        try:
            with self._database.transaction() as current:
                in_force = {each.status: each for each in RuleBookQueries(current).in_force()}
            self._put_in_force(in_force.get(Status.LIVE), in_force.get(Status.SHADOW))
        except Unavailable as error:
            self._note_fault("database", error)
        except (UnreadableEdition, KeyError) as error:
            self._note_fault(UNREADABLE, error)
        except Exception as error:
            # Whatever it is: without this thread no publication would ever be seen.
            log.exception("rule book unreadable")
            self._note_fault(UNREADABLE, error)

    def _put_in_force(self, live: Edition | None, shadow: Edition | None) -> None:
        if live is None:
            raise KeyError("no edition is live")
        seen = (live.edition, shadow.edition if shadow else None)
        if seen != self._seen:
            self._judge = Judge.of(*(_rule_set(each) for each in (live, shadow) if each))
            self._seen = seen
            metrics.show_from_zero(rule.code for rule in live.rules)
            log.info("rule book in force", edition=live.edition, shadow=seen[1])
        self.fault = ""

    def _note_fault(self, of: str, error: Exception) -> None:
        if not self.fault:
            log.error("rule book not read", fault=of, cause=str(error))
        self.fault = of


def _look_on(watched: "ref[RuleBookWatch]", stopped: Event) -> None:
    """Look as long as there is anybody to look for."""
    while not stopped.wait(PAUSE):
        watch = watched()
        if watch is None:
            return
        watch.look()
        del watch


def _rule_set(edition: Edition) -> RuleSet:
    shadow = edition.status is Status.SHADOW
    return RuleSet(edition=edition.edition, rules=edition.rules, shadow=shadow)
