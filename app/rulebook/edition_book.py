"""The editions that events were judged by, kept by each process: what an edition says never changes."""

from collections.abc import Sequence

from app.rulebook.domain import Edition, UnreadableEdition
from app.rulebook.queries import RuleBookQueries
from app.rules.engine import RuleSet
from app.rules.rejudging import Judges
from lib.transactions import Transaction


class EditionBook:
    """Every edition that was ever live, and those in force; read again whenever another one was published."""

    def __init__(self) -> None:
        self._judges: dict[tuple[int, ...], Judges] = {}

    def judges(self, current: Transaction, in_force: Sequence[RuleSet] = ()) -> Judges:
        """Return what judged, or may have judged, any event that is stored by now; unreadable editions are left out."""
        book = RuleBookQueries(current)
        key = book.count_published(), *(each.edition for each in in_force)
        known = self._judges.get(key)
        if known is None:
            published = {each.edition: RuleSet(edition=each.edition, rules=each.rules) for each in _readable(book)}
            known = Judges.of(({each.edition: each for each in in_force} | published).values())
            self._judges = {other: each for other, each in self._judges.items() if other[0] == key[0]} | {key: known}
        return known


def _readable(book: RuleBookQueries) -> list[Edition]:
    return [each for each in book.published() if not isinstance(each, UnreadableEdition)]
