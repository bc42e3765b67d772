"""The results: a line each during the run, and a table at the end."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from e2e.faults.client import Outcome
from e2e.faults.ledger import Acknowledged
from e2e.faults.trial import Result

COLUMNS = (
    "fault",
    "lasted s",
    "acknowledged",
    "in doubt (stored)",
    "503",
    "broken / refused",
    "lost",
    "changed",
    "doubled",
    "wrong",
    "longest request s",
    "first 200 s",
    "last trouble s",
    "longest health s",
)

SHOWN = ("fault", "taken", "in doubt", "503", "cut", "l/c/d/w", "longest", "back", "well", "health")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A reported result: a cell for each of COLUMNS, and the broken promises.

    `graceful` tells how many of the requests under way were answered; it is empty where nobody told the service to end.
    `batches` are those that had to be sent again; `late` counts the acknowledged events that were late.
    """

    cells: list[str]
    complaints: list[str]
    graceful: str
    batches: list[Acknowledged]
    late: int

    @property
    def name(self) -> str:
        return self.cells[0]


def row(result: Result) -> Row:
    return Row(
        cells=cells(result),
        complaints=result.complaints(),
        graceful=graceful(result) if result.scenario.graceful else "",
        batches=result.ledger.batches_in_doubt(),
        late=len(result.ledger.late()),
    )


def cells(result: Result) -> list[str]:
    ledger, proof, window = result.ledger, result.proof, result.window
    return [
        result.scenario.name,
        f"{window.over - window.began:.1f}",
        f"{ledger.events():,}",
        f"{result.in_doubt:,} ({result.in_doubt_stored:,})",
        f"{ledger.count(Outcome.UNAVAILABLE):,}",
        f"{ledger.count(Outcome.BROKEN):,} / {ledger.count(Outcome.REFUSED):,}",
        *(f"{len(keys):,}" for keys in (proof.lost, proof.changed)),
        f"{proof.doubled:,}",
        f"{len(proof.wrong):,}",
        *(f"{seconds:.2f}" for seconds in seconds_of(result)),
    ]


def seconds_of(result: Result) -> tuple[float, ...]:
    return (result.ledger.longest(), result.first_taken, result.last_trouble, result.health.longest)


def line(result: Result) -> str:
    """Describe a result in one line, and its faults in further ones."""
    count, late = result.ledger.events(), len(result.ledger.late())
    detail = f"{count:,} acknowledged ({late:,} late), lost {len(result.proof.lost)}"
    detail += f", 200 again after {result.first_taken:.2f} s"
    detail += f" ({result.window.detail})" if result.window.detail else ""
    return "\n".join([detail, *(f"  FAILED: {complaint}" for complaint in result.complaints())])


def table(rows: Sequence[Row]) -> Table:
    """Put the results into a table for a terminal; the page says more."""
    shown = Table(*SHOWN, title="faults under load", box=None, padding=(0, 1, 0, 0))
    shown.columns[0].min_width = 20
    for column in shown.columns[1:]:
        column.justify, column.no_wrap = "right", True
    for each in rows:
        name, _, taken, doubt, unavailable, cut, *bad, longest, first, last, health = each.cells
        cells_shown = (name, taken, doubt, unavailable, cut, "/".join(bad), longest, first, last, health)
        shown.add_row(*cells_shown, style="red" if each.complaints else "")
    return shown


def graceful(result: Result) -> str:
    under_way = len(result.ledger.in_flight(result.window.began))
    return (
        f"{under_way - result.dropped} of {under_way} ({result.reopened} connections found closed,"
        f" {result.crossed} requests sent as theirs closed)"
    )
