"""The editions in force, as this process knows them: read a few times a second, outside the path of events.

So events pay nothing for it, and a publication reaches every worker within a second. If the read fails, the last good
editions stay in force and readiness says so. A shadow that cannot be read is left out.
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
from lib.database_errors import Unavailable
from lib.hints import command
from lib.logs import get_logger
from lib.shell_user import shell_user

PAUSE = 0.4  # seconds between two refreshes
FIRST_REFRESH_TIMEOUT = 0.2  # seconds that `error` waits for the first refresh

Found = Edition | UnreadableEdition | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What of the rule book cannot be read, and what to do: a request for HTTP, a command for the log (A27)."""

    found: str
    remedy: Remedy | None = None

    def __str__(self) -> str:
        return f"{self.found}: {self.remedy}" if self.remedy else self.found

    def for_the_log(self) -> str:
        """Return the text with the command instead of the request."""
        return f"{self.found}: {command(self.remedy.command)}" if self.remedy else self.found


NOT_YET = "it has not been read yet; ask again in a second"
UNREACHABLE = Fault("the database cannot be reached or is overloaded")
NOTHING_LIVE = Fault("no edition is live; publish one", PUBLISH_ANOTHER)

log = get_logger()


class NoRuleBook(Exception):
    """This process has not read a good edition yet, so no event can be evaluated; the text says what to do."""

    def __init__(self, fault: object) -> None:
        super().__init__(f"no event can be evaluated: {fault}; send the same request again when that is fixed")


class LiveRules:
    """The editions in force. A thread refreshes them from the first call on."""

    def __init__(self, database: Database, metrics: EventMetrics, *, four_eyes: bool = False) -> None:
        self._database, self._metrics = database, metrics
        self._four_eyes_unkept = four_eyes  # the setting, until the database has it
        self._starting, self._refreshing = Lock(), Lock()
        self._thread: Thread | None = None
        self._refreshed, self._stopped = Event(), Event()
        self._evaluator: Evaluator | None = None
        self._seen: tuple[int | None, ...] = ()
        self._cause = ""  # why the database could not be reached, for the log
        self._pressure = Pressure()
        self._fault: Fault | None = None  # what the last refresh could not read; None: it read everything

    def current(self) -> Evaluator:
        """Return the evaluator of the editions in force; raises `NoRuleBook` or `Unavailable` if there is none yet."""
        if self._thread is None:
            self.begin()
            self._refreshed.wait()  # as long as a transaction may take
        elif self._evaluator is None:
            self.refresh()  # now, not at the next turn of the thread
        if self._evaluator is None:
            raise self._why_none()
        return self._evaluator

    def _why_none(self) -> Exception:
        return Unavailable(self._cause) if self._fault == UNREACHABLE else NoRuleBook(self._fault)

    def error(self) -> str:
        """Return what of the rule book cannot be read, or has not been yet, and what to do; empty while all is well."""
        self.begin()
        if not self._refreshed.wait(FIRST_REFRESH_TIMEOUT):
            return NOT_YET
        return str(self._fault or "") if self._evaluator is None or self._fault != UNREACHABLE else ""

    def begin(self) -> None:
        """Start the thread now, without waiting for the first call."""
        with self._starting:
            if self._thread is None:
                target = (ref(self), self._stopped)
                self._thread = Thread(target=_keep_refreshing, args=target, name="rule book", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def refresh(self) -> None:
        """Read which editions are in force; if that fails, keep the ones in force."""
        with self._refreshing:
            if self._four_eyes_unkept:
                self._keep_four_eyes()
            fault, self._cause = self._read()
            if fault and fault != self._fault:
                log.error("rule book not read", fault=fault.for_the_log(), cause=self._cause)
            elif self._fault and not fault:
                log.info("rule book read again")
            self._fault = fault
            self._refreshed.set()
            self._check_shadow()

    def _keep_four_eyes(self) -> None:
        """Store the setting in the database, as commands may run without it (A46); a failure is retried next time."""
        try:
            on = keep_setting(self._database, shell_user())
        except Exception as error:  # noqa: BLE001  # whatever it is, events and refreshes have to go on
            log.warning("four eyes not kept yet", cause=str(error).strip())
            return
        self._four_eyes_unkept = False
        if not on:
            cause = f"two owners have turned four eyes off; to turn them on again: {command('rules four-eyes on')}"
            log.warning("FOUR_EYES=true has no effect", cause=cause)

    def _check_shadow(self) -> None:
        """Remove the shadow edition if it slows events down; a failure is retried at the next refresh."""
        shadow = self._seen[1] if self._seen else None
        if shadow is None:
            return
        if (strain := self._pressure.strain(self._metrics.read_load())) is None:
            return
        try:
            left = shed(self._database, shadow, strain)
        except Exception as error:  # noqa: BLE001  # whatever it is, events and refreshes have to go on
            log.warning("shadow not shed yet", edition=shadow, cause=str(error).strip())
            return
        self._pressure.forget()
        if left:
            self._metrics.count_shed()
            back = command(f"rules shadow {shadow}")
            log.warning("shadow shed", edition=shadow, cause=str(strain), back=f"when there is room: {back}")

    def _read(self) -> tuple[Fault | None, str]:
        """Read the editions and put them in force; return what could not be read, and the cause for the log."""
        try:
            with self._database.transaction() as current:
                in_force = RuleBookQueries(current).in_force()
            return self._put_in_force(in_force.get(Status.LIVE), in_force.get(Status.SHADOW))
        except Unavailable as error:
            return UNREACHABLE, str(error)
        except Exception as error:
            # Whatever it is, the thread must survive: without it no publication would ever be seen.
            fault = Fault(f"the rule book cannot be read ({type(error).__name__}): see the log of the service")
            if fault != self._fault:
                log.exception("rule book unreadable")  # once, not at every refresh
            return fault, str(error).strip()

    def _put_in_force(self, live: Found, shadow: Found) -> tuple[Fault | None, str]:
        """Put the readable ones of these in force; return what could not be, and why."""
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
            found = f"edition {number} cannot be read and does not run in the shadow"
            return Fault(found, retire(number)), str(shadow)
        return None, ""


def _keep_refreshing(target: "ref[LiveRules]", stopped: Event) -> None:
    """Refresh until the object is stopped or gone."""
    while True:
        rules = target()
        if rules is None:
            return
        began = time.monotonic()
        rules.refresh()
        del rules
        if stopped.wait(max(PAUSE - (time.monotonic() - began), 0)):
            return


def _rule_set(edition: Edition) -> RuleSet:
    shadow = edition.status is Status.SHADOW
    return RuleSet(edition=edition.edition, rules=edition.rules, shadow=shadow)
