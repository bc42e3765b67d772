"""The use cases of taking along all that is known of a customer: to print, and as CSV (A81)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from tempfile import SpooledTemporaryFile
from typing import IO, TypeVar

from app.alerts.controllers import alerts
from app.alerts.domain import AlertQuery, Cursor
from app.cases.domain import Case
from app.cases.page_queries import PageQueries
from app.cases.queries import CaseQueries
from app.customers import lines
from app.customers.csv_files import write_csv
from app.customers.domain import CustomerPage, TooManyRows
from app.customers.lines import Line, LineKind
from app.customers.reading import customer
from app.customers.requests import CustomerQuery
from app.customers.services import CustomerServices
from app.customers.viewing import RecordQueries
from app.events.reading.controllers import events_of
from app.events.reading.domain import Moment, PageQuery
from app.events.revising.correction_queries import CorrectionQueries
from app.players.controllers import all_changes
from app.rules.limits import BIGINT_MAX
from app.staff.permissions import Actor, Permission

MAX_ROWS = 100_000  # of a file
LARGE = 1_000  # rows of a file for which a code is asked again
MAX_PRINTED = 1_000  # lines of each part of the printed file
AT_ONCE = 1_000  # lines of one query
IN_MEMORY = 1 << 20  # bytes of a file that is being made; more of it go to the disk
KIND = "customer"  # of the export

Item = TypeVar("Item")
Key = TypeVar("Key")


def printed(
    services: CustomerServices, actor: Actor, query: CustomerQuery
) -> tuple[CustomerPage, dict[LineKind, list[Line]], set[LineKind]]:
    """Return all about a customer for one page: the newest 1,000 lines of each part, and which parts are cut."""
    page = customer(services, actor, query)
    found = {kind: list(islice(each, MAX_PRINTED + 1)) for kind, each in parts(services, actor, page).items()}
    cut = {kind for kind, each in found.items() if len(each) > MAX_PRINTED}
    return page, {kind: each[:MAX_PRINTED] for kind, each in found.items() if each}, cut


def export(services: CustomerServices, actor: Actor, query: CustomerQuery) -> IO[bytes]:
    """Return a file with all about a customer, for the caller to close; that it was made is recorded before.

    Raises `NoSuchCustomer`, `TooManyRows`, or `NotConfirmed` if it is large.
    """
    actor.require(Permission.EXPORTS_MAKE)
    page = customer(services, actor, query)
    file: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the caller sends it
    try:
        _write(services, actor, page, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _write(services: CustomerServices, actor: Actor, page: CustomerPage, file: IO[bytes]) -> None:
    """Write the file, and record it if it may be sent."""
    user_id, found = page.person.user_id, chain.from_iterable(parts(services, actor, page).values())
    rows, digest = write_csv(file, islice(found, MAX_ROWS + 1))
    if rows > MAX_ROWS:
        raise TooManyRows(user_id, MAX_ROWS)
    if rows > LARGE:
        actor.require_confirmed(Permission.EXPORTS_MAKE)
    with services.database.transaction() as current:
        RecordQueries(current).add_export(actor, KIND, user_id, rows, digest)
        current.commit()


def parts(services: CustomerServices, actor: Actor, page: CustomerPage) -> dict[LineKind, Iterator[Line]]:
    """Return all lines about a customer, part by part, the newest first; each is read as far as it is asked for."""
    user_id, is_clock = page.person.user_id, page.is_clock
    raised = AlertQuery(limit=AT_ONCE, user_id=user_id)
    changes = all_changes(services.database, user_id)
    return {
        LineKind.REGISTER: chain(lines.of_person(page.person), map(lines.of_change, changes)),
        LineKind.CASE: map(lines.of_case, _cases(services, actor, user_id)),
        LineKind.STEP: _steps(services, actor, user_id),
        LineKind.INTERACTION: _contacts(services, user_id),
        LineKind.ALERT: _alerts(services, raised, is_clock=is_clock),
        LineKind.SHADOW: _alerts(services, replace(raised, shadow=True), is_clock=is_clock),
        LineKind.CORRECTION: _corrections(services, user_id, is_clock=is_clock),
        LineKind.EVENT: _events(services, user_id, is_clock=is_clock),
    }


def _walk(read: Callable[[Key | None], tuple[Sequence[Item], Key | None]]) -> Iterator[Item]:
    """Yield the items of all pages; `read` returns a page and the key of the next one."""
    key: Key | None = None
    while True:
        items, key = read(key)
        yield from items
        if key is None:
            return


def _cases(services: CustomerServices, actor: Actor, user_id: int) -> Iterator[Case]:
    if not actor.may(Permission.CASES_READ):
        return

    def read(before: int | None) -> tuple[Sequence[Case], int | None]:
        with services.database.transaction(trial=True) as current:
            found = CaseQueries(current).page(limit=AT_ONCE, before=before, status=None, user_id=user_id)
        return found, found[-1].id if len(found) == AT_ONCE else None

    yield from _walk(read)


def _steps(services: CustomerServices, actor: Actor, user_id: int) -> Iterator[Line]:
    for case in _cases(services, actor, user_id):
        with services.database.transaction(trial=True) as current:
            steps = PageQueries(current).events(case.id, most=MAX_ROWS)
        yield from map(lines.of_step, reversed(steps))


def _contacts(services: CustomerServices, user_id: int) -> Iterator[Line]:
    with services.database.transaction(trial=True) as current:
        found = services.contacts(current, user_id, MAX_ROWS)
    yield from map(lines.of_contact, found)


def _alerts(services: CustomerServices, query: AlertQuery, *, is_clock: bool) -> Iterator[Line]:
    def read(before: Cursor | None) -> tuple[Sequence[Line], Cursor | None]:
        page = alerts(services.alerts, replace(query, before=before))
        return [lines.of_alert(each, is_clock=is_clock) for each in page.alerts], page.next_before

    yield from _walk(read)


def _corrections(services: CustomerServices, user_id: int, *, is_clock: bool) -> Iterator[Line]:
    def read(before: int | None) -> tuple[Sequence[Line], int | None]:
        with services.database.transaction(trial=True) as current:
            found = CorrectionQueries(current).corrections(user_id, before=before or BIGINT_MAX, limit=AT_ONCE)
        made = [lines.of_correction(each, is_clock=is_clock) for each in found]
        return made, found[-1].seq if len(found) == AT_ONCE else None

    yield from _walk(read)


def _events(services: CustomerServices, user_id: int, *, is_clock: bool) -> Iterator[Line]:
    def read(before: Moment | None) -> tuple[Sequence[Line], Moment | None]:
        page = events_of(services.database, user_id, PageQuery(limit=AT_ONCE, before=before))
        return [*map(partial(lines.of_event, is_clock=is_clock), page.events)], page.next_before

    yield from _walk(read)
