"""Which editions judge an import: the live one and the shadow, or one that was ever live."""

from app.backtest.controllers import rule_set_of
from app.intake.domain import ImportRefused, Job
from app.rulebook.domain import Edition, InForce
from app.rulebook.queries import RuleBookQueries
from app.rulebook.reading import controllers as reading
from app.rules.engine import RuleSet
from lib.database import Database
from lib.hints import command


def choose(database: Database, asked: int | None) -> tuple[int, int | None]:
    """Return the edition that answers and the shadow, which only the live edition has beside it (A55).

    Raises `ImportRefused` for an edition that was never live, and `NoSuchEdition`.
    """
    if asked is None:
        in_force = _in_force(database)
        if in_force.live is None:
            raise ImportRefused(f"no edition is live: {command('rules list')} shows which there are")
        return in_force.live, in_force.shadow
    edition: Edition = reading.edition(database, asked)
    if edition.published_at is None:
        raise ImportRefused(
            f"edition {asked} was never live, so no event can be stored as judged by it: leave --edition out, or first "
            f"publish it: {command(f'rules publish {asked}')}"
        )
    return asked, None


def rule_sets(database: Database, job: Job) -> list[RuleSet]:
    """Return the rules that judge an import, the answering ones first."""
    found = [rule_set_of(database, job.edition)]
    if job.shadow is not None:
        shadow = rule_set_of(database, job.shadow)
        found.append(RuleSet(edition=shadow.edition, rules=shadow.rules, shadow=True))
    return found


def _in_force(database: Database) -> InForce:
    with database.transaction() as current:
        return RuleBookQueries(current).numbers_in_force()
