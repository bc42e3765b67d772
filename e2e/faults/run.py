"""All faults, one after the other: most on one service, others on one of their own that has what they need."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from e2e.faults import report
from e2e.faults.disk import NoDisk, small_disk
from e2e.faults.load import Load
from e2e.faults.proof import Book
from e2e.faults.scenarios import ON_A_SMALL_DISK, SCENARIOS, Scenario
from e2e.faults.stages import STAGES, Stage
from e2e.faults.trial import Result, trial
from e2e.service import SEED
from e2e.site import Site, new_site


@dataclass(slots=True, kw_only=True)
class Run:
    """What came of the faults that were asked for so far: results, and what was left out and why."""

    checkout: Path
    console: Console
    wanted: Callable[[Scenario | Stage], bool]
    results: list[Result] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def all_faults(self) -> None:
        """Bring all about; raises `SiteError` when the service does not come back."""
        if scenarios := list(filter(self.wanted, SCENARIOS)):
            with new_site(self.checkout, name="faults") as site:
                self._on_one_service(site, scenarios)
        if scenarios := list(filter(self.wanted, ON_A_SMALL_DISK)):
            self._on_a_small_disk(scenarios)
        for stage in filter(self.wanted, STAGES):
            with stage.prepare(stage, self.checkout) as (site, scenario):
                self._on_one_service(site, [scenario], in_system_order=stage.in_system_order)

    def _on_a_small_disk(self, scenarios: Sequence[Scenario]) -> None:
        with ExitStack() as stack:
            site = stack.enter_context(new_site(self.checkout, name="faults"))
            try:
                stack.enter_context(small_disk(site.var))
            except NoDisk as reason:
                self.left_out += [f"{scenario.name}: {reason}" for scenario in scenarios]
                self.console.print(*(f"left out: {each}" for each in self.left_out), sep="\n", soft_wrap=True)
                return
            stack.callback(site.stop)  # else the disk would be in use
            self._on_one_service(site, scenarios)

    def _on_one_service(self, site: Site, scenarios: Iterable[Scenario], *, in_system_order: bool = False) -> None:
        with logs_kept_unless_fine(site) as complaints:
            with self._step("starting a service of its own"):
                site.start()
            load, book = Load(port=site.port, seed=SEED, in_system_order=in_system_order), Book()
            for scenario in scenarios:
                with self._step(scenario.name):
                    result = trial(site, load, book, scenario)
                self.console.print(f"  {report.line(result)}", markup=False, soft_wrap=True)
                self.results.append(result)
                complaints.extend(result.complaints())
            with self._step("judging all events again"):
                site.verify()

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        with self.console.status(name):
            yield
        self.console.print(f"{name}: {time.monotonic() - began:.1f} s")


@contextmanager
def logs_kept_unless_fine(site: Site) -> Iterator[list[str]]:
    """Collect complaints; where there are any, or an error, the logs of the site are kept."""
    complaints = ["it did not come to its end"]
    with ExitStack() as stack:
        stack.callback(lambda: site.keep_logs() if complaints else None)
        yield complaints
        complaints.pop(0)
