"""The use case of an import: read the file, check all lines, import them span by span, verify what is stored.

Before the first span nothing is stored, so an interrupted import begins again; after it, the same call goes on. What
was stored anyway, of this or another file, is a replay, as if it had been sent again (A53).
"""

from collections.abc import Callable
from dataclasses import replace

from app.backtest.domain import DAY, Calendar, Scope
from app.backtest.reports import EditionRules, Report
from app.backtest.tally import Tally
from app.datastores import AdvisoryLock
from app.events.domain import EventOrder
from app.intake import editions
from app.intake.domain import ImportRefused, Job, State, chains, printable
from app.intake.job_queries import JobQueries
from app.intake.under_way import Import, ImportRun, Outcome, Request
from app.intake.verification import verify
from app.intake.working import Checking, Importing
from app.rules.engine import RuleSet
from lib.record_files import RecordFile

SHOWN = 10  # faults
SYSTEM_ORDER = (
    "EVENT_ORDER=system: t rises over all players there, while a file is imported player by player. Stop the service, "
    "import with EVENT_ORDER=user, then start it again: it goes on from the greatest t"
)


def import_file(
    run: ImportRun, request: Request, write_faults: Callable[[RecordFile, JobQueries, int], None]
) -> Outcome:
    """Import a file; `write_faults` is called when all faults are known.

    Raises `ImportRefused`, `UnreadableFile`, `WorkerFailed`, `NoSuchEdition` and `psycopg2.Error`.
    """
    if run.policy.order is EventOrder.SYSTEM:
        raise ImportRefused(SYSTEM_ORDER)
    with run.address.session() as connection, connection.cursor() as cursor, RecordFile(request.path) as file:
        queries = JobQueries(cursor)
        if not queries.lock(AdvisoryLock.IMPORTS):
            raise ImportRefused("another import is running; start this one again when it has ended")
        current = Import(run, request, connection, queries, _find(run, request, queries, file.digest))
        outcome = _try(current, file) if request.dry_run else _import(current, file)
        write_faults(file, queries, current.number)
        return outcome


def _find(run: ImportRun, request: Request, queries: JobQueries, digest: str) -> Job:
    """Return the unfinished import of this file, or a new one; no other unfinished one can be gone on with."""
    found = queries.unfinished(digest, request.options)
    path = printable(str(request.path))
    # A dry run leaves it to the next import whether it goes on with an unfinished one.
    for other in queries.others(None if request.dry_run else path, found.id if found else None):
        queries.leave(other.id)
        if other.imported:
            run.tell(
                f"{path} or its options were changed since {other.imported:,} of its events were imported: it is read "
                "as another file. Events that are stored already count as sent again."
            )
    if found:
        return found
    chosen = editions.choose(run.database, request.edition)
    return queries.job(queries.begin(path, digest, form=request.options, editions=chosen, made_by=request.made_by))


def _import(current: Import, file: RecordFile) -> Outcome:
    queries, number = current.queries, current.number
    rule_sets = editions.rule_sets(current.run.database, current.job)
    goes_on = current.job.state is State.IMPORTING
    if goes_on:
        current.run.tell(f"Going on after {current.job.imported:,} events.")
    # Lines without spans are what was read before a stop in the middle, spans without lines what a crash left.
    anew = not goes_on or not queries.spans(number, done=True) or not queries.lines_are_there(number)
    if anew:
        current.stage(file)
    spans = queries.spans(number, done=False)
    with current.pool(rule_sets, len(queries.spans(number, done=True))) as pool:
        lines = sum(span.rows for span in spans)
        if anew:
            pieces = [Checking(chain, None) for chain in chains(spans)]
            for _ in current.each("checking", pool, lines, pieces):
                pass
            if not goes_on and queries.fault_count(number) > current.request.max_faults:
                return _end(current, State.REFUSED)
            if current.players:
                current.players.save()
            queries.move(number, State.IMPORTING)
        for _ in current.each("importing", pool, lines, [Importing(chain) for chain in chains(spans)]):
            pass
        findings = verify(current, pool)
    outcome = _end(current, State.DONE)
    outcome.findings = findings
    return outcome


def _try(current: Import, file: RecordFile) -> Outcome:
    """Check all lines, and count what the others would raise."""
    queries, number = current.queries, current.number
    live, *_ = editions.rule_sets(current.run.database, current.job)
    current.stage(file)
    spans = queries.spans(number, done=False)
    calendar = Calendar.of(queries.days(number, DAY))
    tally = Tally(calendar, compares=False)
    with current.pool([live], len(spans)) as pool:
        pieces = [Checking(chain, calendar) for chain in chains(spans)]
        for done in current.each("checking", pool, sum(span.rows for span in spans), pieces):
            if done.tally:
                tally.add(done.tally)
    outcome = _end(current, State.TRIED)
    outcome.job = replace(outcome.job, imported=tally.events)
    outcome.report = _report(live, calendar, tally)
    return outcome


def _end(current: Import, state: State) -> Outcome:
    """Store how it ended; its faults stay."""
    queries = current.queries
    queries.forget(current.number)
    queries.move(current.number, state)
    return Outcome(
        job=queries.job(current.number),
        faults=queries.fault_count(current.number),
        first_faults=queries.faults(current.number, most=SHOWN),
        max_faults=current.request.max_faults,
        new_players=current.players.added if current.players else 0,
        cpu_seconds=current.cpu_seconds,
    )


def _report(live: RuleSet, calendar: Calendar, tally: Tally) -> Report:
    return Report(
        edition=EditionRules(number=live.edition, rules={rule.code: rule for rule in live.rules}),
        against=None,
        scope=Scope(),
        calendar=calendar,
        events=tally.events,
        players=tally.players,
        events_by_period=tally.events_by_period,
        series=tally.reports(),
    )
