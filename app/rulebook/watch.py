"""Which editions are in force, as a process knows it: looked up a few times a second, past the events.

So an event pays nothing for it, and a publication reaches every worker within a second. What cannot be read changes
nothing: the last good editions go on, and readiness says so. A shadow that cannot be read is left out.
"""

import time
from dataclasses import dataclass
from threading import Event, Lock, Thread
from weakref import ref

from app.rulebook.domain import PUBLISH_ANOTHER, Edition, Status, UnreadableEdition, retire
from app.rulebook.policy.controllers import keep_setting
from app.rulebook.queries import RuleBookQueries
from app.rulebook.remedies import Remedy
from app.rulebook.shedding import EventMetrics, Pressure, shed
from app.rules.engine import Evaluator, RuleSet
from lib.database import Database
from lib.hints import command
from lib.logs import get_logger
from lib.shell_user import shell_user
from lib.transactions import Unavailable

PAUSE = 0.4  # seconds between two looks
LONGEST_FIRST_LOOK = 0.2  # seconds that whoever asks for trouble waits for it

Found = Edition | UnreadableEdition | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What of the rule book cannot be read, and what to do: over HTTP a request, in the log a command (A27)."""

    found: str
    remedy: Remedy | None = None

    def __str__(self) -> str:
        return f"{self.found}: {self.remedy}" if self.remedy else self.found

    def for_the_log(self) -> str:
        """Return it with the command instead of the request."""
        return f"{self.found}: {command(self.remedy.command)}" if self.remedy else self.found


AWAY = Fault("the database cannot be reached or is overloaded")
NOTHING_LIVE = Fault("no edition is live; publish another", PUBLISH_ANOTHER)

log = get_logger()


class NoRuleBook(Exception):
    """No good edition was ever read, so nothing can be judged yet; the text says what to do."""

    def __init__(self, fault: object) -> None:
        super().__init__(f"nothing can be judged: {fault}; send the same request again when that is mended")


class RuleBookWatch:
    """Tells which editions are in force; looks on from the first time that anybody asks."""

    def __init__(self, database: Database, metrics: EventMetrics, *, four_eyes: bool = False) -> None:
        self._database, self._metrics = database, metrics
        self._four_eyes_unkept = four_eyes  # what the setting says, until it is the database's own
        self._starting, self._looking = Lock(), Lock()
        self._thread: Thread | None = None
        self._looked, self._stopped = Event(), Event()
        self._evaluator: Evaluator | None = None
        self._seen: tuple[int | None, ...] = ()
        self._cause = ""  # why the database could not be reached, for the log
        self._pressure = Pressure()
        self._fault: Fault | None = None  # what the last look could not read; None: it read everything

    def judge(self) -> Evaluator:
        """Return the evaluator of the editions in force; raises `NoRuleBook` or `Unavailable` if there is none yet."""
        if self._thread is None:
            self.begin()
            self._looked.wait()  # as long as a transaction may take
        elif self._evaluator is None:
            self.look()  # better now than when it is looked for the next time
        if self._evaluator is None:
            raise self._why_none()
        return self._evaluator

    def _why_none(self) -> Exception:
        return Unavailable(self._cause) if self._fault == AWAY else NoRuleBook(self._fault)

    def trouble(self) -> str:
        """Say what of the rule book cannot be read and what to do; nothing while all is well, or who asks is early."""
        self.begin()
        self._looked.wait(LONGEST_FIRST_LOOK)
        return str(self._fault or "") if self._evaluator is None or self._fault != AWAY else ""

    def begin(self) -> None:
        """Look from now on, and not only when somebody asks."""
        with self._starting:
            if self._thread is None:
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
        with self._looking:
            if self._four_eyes_unkept:
                self._keep_four_eyes()
            fault, self._cause = self._found_fault()
            if fault and fault != self._fault:
                log.error("rule book not read", fault=fault.for_the_log(), cause=self._cause)
            elif self._fault and not fault:
                log.info("rule book read again")
            self._fault = fault
            self._looked.set()
            self._look_at_shadow()

    def _keep_four_eyes(self) -> None:
        """Let the database say what the setting says, whoever types commands without it (A46); else the next look."""
        try:
            on = keep_setting(self._database, shell_user())
        except Exception as error:  # noqa: BLE001  # whatever it is: events go on, and so do the looks
            log.warning("four eyes not kept yet", cause=str(error).strip())
            return
        self._four_eyes_unkept = False
        if not on:
            told = f"two owners turned four eyes off since; to turn them on again: {command('rules four-eyes on')}"
            log.warning("FOUR_EYES=true has no effect", cause=told)

    def _look_at_shadow(self) -> None:
        """Have the edition in the shadow leave where it costs what events need; where that fails, at the next look."""
        shadow = self._seen[1] if self._seen else None
        if shadow is None:
            return
        if (strain := self._pressure.strain(self._metrics.read_load())) is None:
            return
        try:
            left = shed(self._database, shadow, strain)
        except Exception as error:  # noqa: BLE001  # whatever it is: events go on, and so do the looks
            log.warning("shadow not shed yet", edition=shadow, cause=str(error).strip())
            return
        self._pressure.forget()
        if left:
            self._metrics.count_shed()
            back = command(f"rules shadow {shadow}")
            log.warning("shadow shed", edition=shadow, cause=str(strain), back=f"when there is room: {back}")

    def _found_fault(self) -> tuple[Fault | None, str]:
        """Look; return what could not be read with what to do, and for the log why."""
        try:
            with self._database.transaction() as current:
                in_force = RuleBookQueries(current).in_force()
            return self._put_in_force(in_force.get(Status.LIVE), in_force.get(Status.SHADOW))
        except Unavailable as error:
            return AWAY, str(error)
        except Exception as error:
            # Whatever it is: without this thread no publication would ever be seen.
            fault = Fault(f"the rule book cannot be read ({type(error).__name__}): look at the log of the service")
            if fault != self._fault:
                log.exception("rule book unreadable")  # once, and not at every look
            return fault, str(error).strip()

    def _put_in_force(self, live: Found, shadow: Found) -> tuple[Fault | None, str]:
        """Let these judge from now on; return what stands against it, and why."""
        if live is None:
            return NOTHING_LIVE, NOTHING_LIVE.found
        if isinstance(live, UnreadableEdition):
            found = f"edition {live.edition} is live and cannot be read; publish another"
            return Fault(found, PUBLISH_ANOTHER), str(live)
        readable = shadow if isinstance(shadow, Edition) else None
        seen = (live.edition, readable.edition if readable else None)
        if seen != self._seen:
            rule_sets = (_rule_set(each) for each in (live, readable) if each)
            self._evaluator = Evaluator.of(*rule_sets)
            self._seen = seen
            self._pressure.forget()
            beside = readable.rules if readable else ()
            self._metrics.show_codes((rule.code for rule in live.rules), beside=(rule.code for rule in beside))
            log.info("rule book in force", edition=live.edition, shadow=seen[1])
        if isinstance(shadow, UnreadableEdition):
            number = shadow.edition
            found = f"edition {number} cannot be read and does not judge in the shadow"
            return Fault(found, retire(number)), str(shadow)
        return None, ""


def _look_on(watched: "ref[RuleBookWatch]", stopped: Event) -> None:
    """Look as long as there is anybody to look for."""
    while True:
        watch = watched()
        if watch is None:
            return
        began = time.monotonic()
        watch.look()
        del watch
        if stopped.wait(max(PAUSE - (time.monotonic() - began), 0)):
            return


def _rule_set(edition: Edition) -> RuleSet:
    shadow = edition.status is Status.SHADOW
    return RuleSet(edition=edition.edition, rules=edition.rules, shadow=shadow)
