"""All faults: most run in turn on one service; those that need more than a service run beside it."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Lock
from pathlib import Path

import psycopg2
from rich.console import Console

from e2e.faults import report
from e2e.faults.audience import TELLS, Audience, Heard, audience
from e2e.faults.imports import IMPORTS
from e2e.faults.load import KEEP_LATE, SLOW, Load
from e2e.faults.proof import Book
from e2e.faults.report import Row
from e2e.faults.scenarios import ON_A_SMALL_DISK, SCENARIOS, Scenario
from e2e.faults.side_by_side import side_by_side
from e2e.faults.stages import STAGES, Stage
from e2e.faults.trial import trial
from e2e.site import Site, SiteError, new_site
from testkit.disk import NoDisk, small_disk


@dataclass(slots=True, kw_only=True)
class Notes:
    """The results so far: a row for each fault, omissions with reasons, and errors that ended a part early."""

    rows: list[Row] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    heard: Heard | None = None  # of the receivers of webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The faults that are wanted, brought about on copies of the checkout."""

    checkout: Path
    console: Console
    wanted: Callable[[Scenario | Stage], bool]
    # Held by whoever needs the processors: the parts wait side by side, and a service that starts anew is not slower
    # because the other part starts one as well.
    processors: Lock = field(default_factory=get_context("fork").Lock)

    def all_faults(self) -> Notes:
        """Bring all about, in two parts at a time; a part ends early when its service does not come back."""
        every = side_by_side([partial(self._part, each) for each in (self._on_a_service, self._on_others)])
        return Notes(
            rows=[row for notes in every for row in notes.rows],
            left_out=[reason for notes in every for reason in notes.left_out],
            failed=[error for notes in every for error in notes.failed],
            heard=next((notes.heard for notes in every if notes.heard), None),
        )

    def _part(self, faults: Callable[[Notes], None]) -> Notes:
        notes = Notes()
        try:
            faults(notes)
        except (SiteError, psycopg2.Error) as error:
            notes.failed.append(str(error))
        return notes

    def _on_a_service(self, notes: Notes) -> None:
        if scenarios := list(filter(self.wanted, SCENARIOS)):
            with new_site(self.checkout, name="faults", settings=KEEP_LATE | TELLS) as site, audience() as told:
                self._on_one_service(site, scenarios, notes, Load(port=site.port), told)

    def _on_others(self, notes: Notes) -> None:
        """Run them one after the other, each on its own service: on a small disk, or with other needs."""
        if scenarios := list(filter(self.wanted, ON_A_SMALL_DISK)):
            self._on_a_small_disk(scenarios, notes)
        if scenarios := list(filter(self.wanted, IMPORTS)):
            with new_site(self.checkout, name="faults-import", settings=KEEP_LATE) as site:
                self._on_one_service(site, scenarios, notes, Load(port=site.port, pace=SLOW))
        for stage in filter(self.wanted, STAGES):
            with ExitStack() as stack:
                with self.processors:
                    site, scenario = stack.enter_context(stage.prepare(stage, self.checkout))
                load = Load(port=site.port, in_system_order=stage.in_system_order)
                self._on_one_service(site, [scenario], notes, load)

    def _on_a_small_disk(self, scenarios: Sequence[Scenario], notes: Notes) -> None:
        with ExitStack() as stack:
            site = stack.enter_context(new_site(self.checkout, name="faults-disk", settings=KEEP_LATE))
            try:
                stack.enter_context(small_disk(site.var))
            except NoDisk as reason:
                notes.left_out += [f"{scenario.name}: {reason}" for scenario in scenarios]
                self.console.print(*(f"left out: {each}" for each in notes.left_out), sep="\n", soft_wrap=True)
                return
            stack.callback(site.stop)  # else the disk would be in use
            self._on_one_service(site, scenarios, notes, Load(port=site.port))

    def _on_one_service(
        self, site: Site, scenarios: Iterable[Scenario], notes: Notes, load: Load, told: Audience | None = None
    ) -> None:
        with keep_logs_on_failure(site) as complaints:
            with self.processors, self._step("starting a service of its own"):
                site.start()
                if told:
                    told.register(site)
            book = Book()
            for scenario in scenarios:
                with self._step(scenario.name) as said:
                    result = trial(site, load, book, scenario, self.processors)
                    said.append(report.line(result))
                notes.rows.append(report.row(result))
                complaints.extend(result.complaints())
            with self.processors, self._step("judging all events again"):
                site.verify()
            if told:
                with self.processors, self._step("delivering what receivers lack") as said:
                    missed = told.settle(site)
                    notes.heard = told.heard()
                    said.append(str(notes.heard))
                notes.failed += missed
                complaints.extend(missed)

    @contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        """Print in one piece, since other parts print too, how long it took and what was added meanwhile."""
        began, said = time.monotonic(), list[str]()
        yield said
        lines = [f"{name}: {time.monotonic() - began:.1f} s", *(f"  {line}" for line in said)]
        self.console.print("\n".join(lines), markup=False, soft_wrap=True)


@contextmanager
def keep_logs_on_failure(site: Site) -> Iterator[list[str]]:
    """Collect complaints; where there are any, or an error, the logs of the site are kept."""
    complaints = ["it did not come to its end"]
    with ExitStack() as stack:
        stack.callback(lambda: site.keep_logs() if complaints else None)
        yield complaints
        complaints.pop(0)
