"""The editions that events were judged by, kept by each process: what an edition says never changes."""

from app.rulebook.domain import Edition, UnreadableEdition
from app.rulebook.queries import RuleBookQueries
from app.rules.engine import Evaluator, RuleSet
from app.rules.rejudging import Judges
from lib.transactions import Transaction


class EditionBook:
    """Every edition that was ever live, and the one in the shadow; read again whenever there are others."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._judges = Judges.of(())

    def judges(self, current: Transaction, evaluator: Evaluator) -> Judges:
        """Return what judged, or may have judged, any event that is stored by now; unreadable editions are left out."""
        book = RuleBookQueries(current)
        key = (book.count_published(), *(each.edition for each in evaluator.rule_sets))
        if key != self._key:
            published = {each.edition: RuleSet(edition=each.edition, rules=each.rules) for each in _readable(book)}
            in_force = {each.edition: each for each in evaluator.rule_sets}
            self._judges, self._key = Judges.of((in_force | published).values()), key
        return self._judges


def _readable(book: RuleBookQueries) -> list[Edition]:
    return [each for each in book.published() if not isinstance(each, UnreadableEdition)]
