"""The editions that events were judged by, kept by each process: what an edition says never changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from app.rulebook.domain import Edition, UnreadableEdition
from app.rulebook.queries import RuleBookQueries
from app.rules.engine import RuleSet
from app.rules.meaning import Meaning
from app.rules.rejudging import Judges
from lib.transactions import Transaction

MAX_MEANINGS = 200  # editions whose meanings are kept; the latest that were read


class EditionBook:
    """Every edition that was ever live, and those in force; read again whenever another one was published.

    Also what the rules of any edition mean, read when it is asked first.
    """

    def __init__(self) -> None:
        self._judges: dict[tuple[int, ...], Judges] = {}
        self._meanings: dict[int, Mapping[int, Meaning]] = {}

    def meanings(self, current: Transaction, editions: Collection[int]) -> Mapping[int, Mapping[int, Meaning]]:
        """Return by edition what the rule of each code means; unknown and unreadable editions are left out."""
        known = self._meanings
        if missing := [each for each in editions if each not in known]:
            found = _readable(RuleBookQueries(current).some(missing))
            known = known | {each.edition: {rule.code: rule.purpose for rule in each.rules} for each in found}
            self._meanings = dict([*known.items()][-MAX_MEANINGS:])
        return known

    def judges(self, current: Transaction, in_force: Sequence[RuleSet] = ()) -> Judges:
        """Return what judged, or may have judged, any event that is stored by now; unreadable editions are left out."""
        book = RuleBookQueries(current)
        key = book.count_published(), *(each.edition for each in in_force)
        known = self._judges.get(key)
        if known is None:
            published = {
                each.edition: RuleSet(edition=each.edition, rules=each.rules) for each in _readable(book.published())
            }
            known = Judges.of(({each.edition: each for each in in_force} | published).values())
            self._judges = {other: each for other, each in self._judges.items() if other[0] == key[0]} | {key: known}
        return known


def _readable(editions: Iterable[Edition | UnreadableEdition]) -> list[Edition]:
    return [each for each in editions if not isinstance(each, UnreadableEdition)]
