"""The commands of cases: `cases …`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
import psycopg2
from rich.console import Console

from app.cases import reading
from app.cases.domain import CaseEvent
from app.cases.requests import COUNTED, CasePage, QueueQuery, QueueRow, Tab
from app.cases.services import CaseServices
from app.cases.terminal import CaseCommands
from app.cases.verifying import Verification, Verifying
from app.cases.verifying import verify as run
from app.staff.permissions import Actor, shell
from lib import services
from lib.commands import INTERRUPTED, minute
from lib.hints import command
from lib.shell_user import shell_user
from lib.tables import print_table

SHOWN = 20  # faults that are told one by one
ID = click.IntRange(1, 2**63 - 1)
TABS = click.Choice([tab.value for tab in Tab])
HEADINGS = ("case", "player", "state", "priority", "strength", "codes", "alerts", "due (UTC)", "who", "newest")

cases = CaseCommands("cases", help="What people do about alerts.")


@cases.command("list")
@click.argument("tab", type=TABS, default=Tab.NEW.value)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@click.option("--after", help="Where the list goes on, as its last line says.")
def list_(tab: str, limit: int, after: str | None) -> None:
    """List cases by TAB, the most urgent first: new, mine, team, monitoring, snoozed, overdue, strong, closed."""
    page = reading.queue(_made(), _actor(), QueueQuery(tab=Tab(tab), limit=limit, after=after))
    if page.rows:
        print_table(HEADINGS, map(_row, page.rows), prose=("newest",))
    else:
        click.echo(f"There is no case in {tab}.")
    if page.next_after:
        click.echo(f"To go on: {command(f'cases list {tab} --after {page.next_after}')}", err=True)
    counts = (f"{name.value} {_count(count)}" for name, count in page.counts.items() if name is not Tab.MINE)
    click.echo(", ".join(counts), err=True)


@cases.command("show")
@click.argument("case_id", type=ID)
def show(case_id: int) -> None:
    """Show a case with its newest alerts and its journal."""
    page = reading.case_page(_made(), _actor(), case_id)
    print_table(HEADINGS, [_row(QueueRow(case=page.case, nth=1, assignee=page.assignee))], prose=("newest",))
    click.echo()
    for event in page.events:
        click.echo(_line(event))
    _show_alerts(page)


@cases.command("verify")
def verify() -> None:
    """Verify that each alert of the feed is in one case, and that each case and record is as its journal says.

    The exit status is 0 if so, or 1. Cases begin with the alerts after migration 0025.
    """
    try:
        with _progress() as progress:
            told = _Told()
            made = _made()
            done = run(Verifying(engine=made.engine, found=told, records=made.faults_of_records, progress=progress))
    except KeyboardInterrupt:
        click.echo("Interrupted: nothing was changed.", err=True)
        sys.exit(INTERRUPTED)
    except psycopg2.OperationalError as error:
        cause = " ".join(str(error).split())
        raise click.ClickException(f"the database cannot be read ({cause})") from None
    _conclude(done)


class _Told:
    """Prints the first faults."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, fault: str) -> None:
        self._count += 1
        if self._count <= SHOWN:
            click.echo(fault)


def _conclude(done: Verification) -> None:
    click.echo(f"{done.alerts:,} alerts of the feed and {done.cases:,} cases with their journals were compared.")
    if done.waiting:
        click.echo(f"{done.waiting:,} entries of the feed wait for a worker: {command('work --check')}", err=True)
    if done.faults:
        click.echo(f"{done.faults:,} faults, of which at most {SHOWN} are listed.", err=True)
        sys.exit(1)
    click.echo("Each alert is in one case, and each case is as its journal says.")


def _row(row: QueueRow) -> tuple[str, ...]:
    case = row.case
    return (
        str(case.id),
        str(case.user_id),
        case.status.value if case.snoozed_until is None else f"{case.status.value}, until {minute(case.snoozed_until)}",
        str(case.priority),
        case.strength.value,
        " ".join(map(str, case.codes)),
        str(case.alert_count),
        minute(case.due_at),
        row.assignee or "",
        case.sentence,
    )


def _line(event: CaseEvent) -> str:
    detail = ", ".join(f"{name} {value}" for name, value in event.detail.items())
    return " ".join(filter(None, (minute(event.at), event.who, event.step.value, detail, event.note)))


def _show_alerts(page: CasePage) -> None:
    if page.alerts:
        rows = ((str(each.t), str(each.code), minute(each.at), each.sentence) for each in page.alerts)
        click.echo()
        print_table(("t", "code", "numbered (UTC)", "why"), rows, prose=("why",))


def _count(count: int) -> str:
    return f"{COUNTED - 1}+" if count >= COUNTED else str(count)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show how much was looked at on standard error, if that is a terminal."""
    with Console(stderr=True).status("reading") as status:
        yield lambda done, of: status.update(f"{done:,} of {of:,} alerts and cases")


def _actor() -> Actor:
    return shell(shell_user())


def _made() -> CaseServices:
    return services.get(CaseServices)
