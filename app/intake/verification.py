"""The end of an import: the players whose events it stored are verified, as `rules verify` does it."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.backtest import verifying
from app.backtest.controllers import rule_book_of
from app.backtest.domain import PlayerRange
from app.backtest.findings import Findings
from app.backtest.judging import Judged
from app.backtest.verifying import VerifyContext, VerifyJob
from app.intake.domain import Span, chains
from app.intake.queries import ImportQueries
from app.intake.under_way import APPLICATION_NAME, Import
from lib.snapshots import snapshot_of

SPARSE = 4  # players between those of a span, for each of them, above which these are verified one by one


@dataclass(frozen=True, slots=True)
class Verifying:
    """Judge the stored events of the players of a span again."""

    lines: int
    players: tuple[PlayerRange, ...]

    def __call__(self, context: VerifyContext) -> Judged[Findings]:
        """Return what was found."""
        findings = Findings()
        for players in self.players:
            findings.add(verifying.verify(context, players))
        return Judged(self.lines, findings)


def verify(current: Import) -> Findings:
    """Verify all players of the import."""
    run, findings = current.run, Findings()
    spans = current.queries.spans(current.number, done=True)
    with current.connection.cursor() as cursor:
        queries = ImportQueries(cursor, current.number)
        pieces = [
            Verifying(sum(span.rows for span in chain), tuple(_players(queries, chain[0], chain[-1])))
            for chain in chains(spans)
        ]
    with snapshot_of(run.engine, APPLICATION_NAME) as snapshot:
        job = VerifyJob(snapshot=snapshot, book=rule_book_of(run.database))
        lines = sum(each.lines for each in pieces)
        run.progress("verifying", lines, 0)
        with run.open_pool(verifying.begin, job, max(1, min(run.jobs, len(pieces)))) as pool:
            for judged in pool.each(pieces):
                run.progress("verifying", lines, judged.events)
                findings.add(judged.found)
            current.cpu_seconds += pool.cpu_seconds
    return findings


def _players(queries: ImportQueries, first: Span, last: Span) -> Iterator[PlayerRange]:
    """Yield the players between two spans: one by one where many others lie between them."""
    begins, ends = first.first[0], last.last[0]
    most = SPARSE * (first.rows + 1)
    if queries.clocks_between(begins, ends, most + 1) <= most:
        yield PlayerRange(begins, ends)
    else:
        yield from (PlayerRange(user_id, user_id) for user_id in queries.players(first))
