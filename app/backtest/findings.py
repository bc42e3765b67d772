"""What is stored against what is judged again: an event at a time, then all of them together."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.alerts.domain import MOST_MOMENTS
from app.rules.engine import RuleSet
from app.rules.event import ActivityEvent
from app.rules.rule import Match
from app.rules.running_history import RunningHistory
from app.seals.domain import Sealed

MOST_LISTED = 20
FIRST_EDITION = 1  # by which everything was judged before there were alerts to be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """The rules of every edition, and which of these editions were ever live."""

    rule_sets: Mapping[int, RuleSet]
    published: frozenset[int]


class KeptAlert(NamedTuple):
    """A row of alerts: who, when, which code of which edition, and the values of its evidence as text.

    `wording` is None where the evidence names none; `line` is all of it, as it is sealed.
    """

    user_id: int
    t: int
    code: int
    shadow: bool
    edition: int
    value: str | None
    limit: str | None
    events: str | None
    moments: str | None
    sentence: str | None
    wording: str | None
    line: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was stored with an event: the codes answered, by which edition, and whether before alerts were kept."""

    codes: Sequence[int]
    edition: int
    before_alerts: bool


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """An event of which what is stored is not what is judged."""

    user_id: int
    t: int
    what: str


@dataclass(frozen=True, slots=True, order=True)
class Loss:
    """A player, or where there is none the chain of seals, of whom not all is stored as it was counted and sealed."""

    user_id: int
    what: str


@dataclass(frozen=True, slots=True)
class Retrial:
    """An event that is judged again, with what was before it and all editions there are."""

    event: ActivityEvent
    past: RunningHistory
    book: RuleBook

    def live_faults(self, answer: Answer, kept: Sequence[KeptAlert]) -> list[str]:
        """Tell what is wrong with an answer and the alerts that were kept for it."""
        faults = [
            f"the alert of code {each.code} is of edition {each.edition}, the event of edition {answer.edition}"
            for each in kept
            if each.edition != answer.edition
        ]
        codes = [each.code for each in kept]
        of_old = not kept and answer.before_alerts and answer.edition == FIRST_EDITION
        if codes != list(answer.codes) and not of_old:
            faults.append(f"{_listed(answer.codes)} was answered, and alerts are kept of {_listed(codes)}")
        if answer.edition in self.book.rule_sets and answer.edition not in self.book.published:
            faults.append(f"edition {answer.edition} was never live")
        return faults + self._judged_otherwise(answer.edition, answer.codes, kept)

    def shadow_faults(self, kept: Sequence[KeptAlert]) -> list[str]:
        """Tell what is wrong with the alerts that were kept of a shadow.

        Only where there are any: an event without them does not tell whether an edition was in the shadow at all.
        """
        editions = sorted({each.edition for each in kept})
        if len(editions) > 1:
            return [f"in the shadow, alerts are kept of the editions {_listed(editions)} at once"]
        faults = self._judged_otherwise(editions[0], [each.code for each in kept], kept)
        return [f"in the shadow, {fault}" for fault in faults]

    def _judged_otherwise(self, edition: int, codes: Sequence[int], kept: Sequence[KeptAlert]) -> list[str]:
        rule_set = self.book.rule_sets.get(edition)
        if rule_set is None:
            return [f"there is no edition {edition} in the rule book"]
        matches = rule_set.evaluate(self.event, self.past.before(self.event.t))
        judged = [match.code for match in matches]
        if judged != list(codes):
            return [f"edition {edition} raises {_listed(judged)}, stored is {_listed(codes)}"]
        met = {match.code: match for match in matches}
        proved = [(each, met[each.code]) for each in kept if each.code in met]
        return [fault for each, match in proved for fault in self._proved_otherwise(edition, each, match)]

    def _proved_otherwise(self, edition: int, kept: KeptAlert, match: Match) -> Iterator[str]:
        if (kept.value, kept.limit, kept.events) != (match.value, match.threshold, str(match.count)):
            yield (
                f"the evidence of code {kept.code} is {kept.value} of {kept.limit} by {kept.events}; "
                f"edition {edition} finds {match.value} of {match.threshold} by {match.count}"
            )
        moments = str(self._moments(match))
        if kept.moments != moments:
            yield f"the moments of code {kept.code} are {kept.moments}; edition {edition} finds {moments}"
        yield from _told_otherwise(kept, match)

    def _moments(self, match: Match) -> list[int]:
        """Return when the events of a match were, as they are written down live; as text both look the same."""
        moments = [each.t for each in match.events[:MOST_MOMENTS]]
        if match.window:
            moments += self.past.moments_in(match.window, self.event.t, MOST_MOMENTS - len(moments))
        return moments


def _told_otherwise(kept: KeptAlert, match: Match) -> Iterator[str]:
    """Compare the sentence with the words of the release that wrote it (A45)."""
    sentence = match.sentence_as(kept.wording)
    if sentence is None:
        yield f"the sentence of code {kept.code} is of wording {kept.wording}, which this version does not have"
    elif kept.sentence != sentence:
        yield f'the sentence of code {kept.code} is "{kept.sentence}", it should be "{sentence}"'


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "nothing"


@dataclass(slots=True)
class Findings:
    """How many agree, by edition, and the first of those that do not; what is gone, and what cannot be told."""

    events: Counter[int] = field(default_factory=Counter)
    agreeing: Counter[int] = field(default_factory=Counter)
    shadowed: Counter[int] = field(default_factory=Counter)  # events with alerts of an edition in the shadow
    shadowed_agreeing: Counter[int] = field(default_factory=Counter)
    of_old: int = 0  # events with codes from before alerts were kept
    different: int = 0
    differences: list[Difference] = field(default_factory=list)
    lost: int = 0
    losses: list[Loss] = field(default_factory=list)
    not_counted: int = 0  # events of a release that gave them no number, and that were not counted since
    not_sealed: int = 0
    latest_seal: Sealed | None = None

    def note_live(self, answer: Answer, faults: Sequence[str], *, kept: bool) -> None:
        """Count an event, judged again by the edition that answered it."""
        self.events[answer.edition] += 1
        self.agreeing[answer.edition] += not faults
        self.of_old += bool(answer.codes) and not kept and not faults

    def note_shadow(self, edition: int, faults: Sequence[str]) -> None:
        """Count an event, judged again by the edition in the shadow."""
        self.shadowed[edition] += 1
        self.shadowed_agreeing[edition] += not faults

    def note(self, user_id: int, t: int, faults: Sequence[str]) -> None:
        """Count an event that differs, whatever differs of it, and keep it if it is among the first."""
        if faults:
            self.different += 1
            self._keep([Difference(user_id, t, "; ".join(faults))])

    def note_loss(self, user_id: int, faults: Sequence[str]) -> None:
        """Count a player of whom something is gone or was changed, and keep it if it is among the first."""
        if faults:
            self.lost += 1
            self._keep_losses([Loss(user_id, "; ".join(faults))])

    def add(self, other: "Findings") -> None:
        """Add what another process found, of other users."""
        for name in ("events", "agreeing", "shadowed", "shadowed_agreeing"):
            getattr(self, name).update(getattr(other, name))
        self.of_old += other.of_old
        self.different += other.different
        self._keep(other.differences)
        self.lost += other.lost
        self._keep_losses(other.losses)
        self.not_counted += other.not_counted
        self.not_sealed += other.not_sealed
        self.latest_seal = self.latest_seal or other.latest_seal

    def _keep_losses(self, losses: Sequence[Loss]) -> None:
        self.losses = sorted([*self.losses, *losses])[:MOST_LISTED]

    def _keep(self, differences: Sequence[Difference]) -> None:
        self.differences = sorted([*self.differences, *differences])[:MOST_LISTED]
