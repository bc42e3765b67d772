"""The end of an import: the players whose events it stored are verified, as `rules verify` does it."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.backtest import verifying
from app.backtest.controllers import rule_book_of
from app.backtest.domain import PlayerRange
from app.backtest.findings import Findings
from app.backtest.verifying import VerifyJob
from app.intake.domain import Chain, Span, chains
from app.intake.queries import ImportQueries
from app.intake.under_way import APPLICATION_NAME, Import
from app.intake.working import Done, ImportContext
from lib.snapshots import snapshot_of
from lib.workers import WorkerPool

SPARSE = 4  # players between those of a span, for each of them, above which these are verified one by one


@dataclass(frozen=True, slots=True)
class Verifying:
    """Judge the stored events of the players of a chain again."""

    chain: Chain
    job: VerifyJob

    def __call__(self, context: ImportContext) -> Done:
        """Return what was found."""
        found, verifier = Findings(), context.held(verifying.begin, self.job)
        for players in _players(context.queries, self.chain[0], self.chain[-1]):
            found.add(verifying.verify(verifier, players))
        return Done(sum(span.rows for span in self.chain), findings=found)


def verify(current: Import, pool: WorkerPool[ImportContext]) -> Findings:
    """Verify all players of the import."""
    run, findings = current.run, Findings()
    spans = current.queries.spans(current.number, done=True)
    with snapshot_of(run.engine, APPLICATION_NAME) as snapshot:
        job = VerifyJob(snapshot=snapshot, book=rule_book_of(run.database))
        pieces = [Verifying(chain, job) for chain in chains(spans)]
        for done in current.each("verifying", pool, sum(span.rows for span in spans), pieces):
            findings.add(done.findings or Findings())
    return findings


def _players(queries: ImportQueries, first: Span, last: Span) -> Iterator[PlayerRange]:
    """Yield the players between two spans: one by one where many others lie between them."""
    begins, ends = first.first[0], last.last[0]
    most = SPARSE * (first.rows + 1)
    if queries.clocks_between(begins, ends, most + 1) <= most:
        yield PlayerRange(begins, ends)
    else:
        yield from (PlayerRange(user_id, user_id) for user_id in queries.players(first))
