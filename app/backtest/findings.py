"""Comparing what is stored with what is judged again: one event at a time, then all of them together."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.alerts.queries import places_of
from app.players.domain import UNSEEN, GroupsSeen
from app.rules.engine import RuleSet
from app.rules.event import ActivityEvent, EventRef
from app.rules.history import NO_GROUPS, Groups
from app.rules.rejudging import proof_of
from app.rules.rule import Match
from app.rules.running_history import RunningHistory
from app.seals.domain import Sealed

MAX_LISTED = 20
FIRST_EDITION = 1  # the edition that judged everything before alerts were stored


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """The rules of every edition, and the editions that were ever live.

    `time_zones` has the version of those that an edition was drafted with, where it is not the present one.
    """

    rule_sets: Mapping[int, RuleSet]
    published: frozenset[int]
    time_zones: Mapping[int, str] = field(default_factory=dict)


class KeptAlert(NamedTuple):
    """A stored alert: player, `t`, `n`, code, edition, and the values of its evidence as text.

    `places`, `event_id` and `wording` are None where the evidence names none; `line` is the whole alert, as it is
    sealed.
    """

    user_id: int
    t: int
    n: int
    code: int
    shadow: bool
    edition: int
    value: str | None
    threshold: str | None
    events: str | None
    moments: str | None
    places: str | None
    event_id: str | None
    sentence: str | None
    wording: str | None
    fresh: bool | None
    line: str


class Raised(NamedTuple):
    """The codes that an event is believed to raise, and those of its alerts in the shadow."""

    live: Collection[int] = ()
    shadow: Collection[int] = ()


NOTHING_RAISED = Raised()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is stored with an event: the codes answered, the edition, and whether that was before alerts were stored."""

    codes: Sequence[int]
    edition: int
    before_alerts: bool


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """An event whose stored decision or alerts differ from what is judged again."""

    user_id: int
    event: EventRef
    what: str


@dataclass(frozen=True, slots=True, order=True)
class Loss:
    """A player whose events are not stored as they were counted and sealed; user id 0: the chain of seals."""

    user_id: int
    what: str


@dataclass(frozen=True, slots=True)
class EventCheck:
    """An event that is judged again, with the history before it, all editions, and what the event before it raised.

    `groups` are those that it was judged with, None if the version that it kept is not stored.
    """

    event: ActivityEvent
    past: RunningHistory
    book: RuleBook
    before: Raised = NOTHING_RAISED
    groups: GroupsSeen | None = UNSEEN

    @property
    def _labels(self) -> Groups:
        return self.groups.labels if self.groups else NO_GROUPS

    def _group_faults(self, edition: int) -> Iterator[str]:
        rule_set = self.book.rule_sets.get(edition)
        if rule_set is None or not any(rule.names_groups for rule in rule_set.rules):
            return
        if self.groups is None:
            yield "the version of the player's groups that it names is not stored"
        elif self.groups.version is None:
            yield f"edition {edition} is for groups of players, but the event names no version of them"

    def live_faults(self, answer: Answer, kept: Sequence[KeptAlert]) -> list[str]:
        """Return what is wrong with an answer and the alerts stored for it."""
        faults = [
            f"the alert of code {each.code} is of edition {each.edition}, the event of edition {answer.edition}"
            for each in kept
            if each.edition != answer.edition
        ]
        codes = [each.code for each in kept]
        may_lack = not kept and answer.before_alerts and answer.edition == FIRST_EDITION
        if codes != list(answer.codes) and not may_lack:
            faults.append(f"codes answered: {_listed(answer.codes)}, codes of the stored alerts: {_listed(codes)}")
        if answer.edition in self.book.rule_sets and answer.edition not in self.book.published:
            faults.append(f"edition {answer.edition} was never live")
        faults += freshness_faults(kept, self.before.live)
        return [
            *faults,
            *self._group_faults(answer.edition),
            *self._decision_faults(answer.edition, answer.codes, kept),
        ]

    def shadow_faults(self, kept: Sequence[KeptAlert]) -> list[str]:
        """Return what is wrong with the alerts stored for a shadow edition; there is at least one.

        An event without such alerts does not say whether there was a shadow edition at all.
        """
        editions = sorted({each.edition for each in kept})
        if len(editions) > 1:
            return [f"in the shadow, there are alerts of several editions: {_listed(editions)}"]
        faults = [
            *freshness_faults(kept, self.before.shadow),
            *self._group_faults(editions[0]),
            *self._decision_faults(editions[0], [each.code for each in kept], kept),
        ]
        return [f"in the shadow, {fault}" for fault in faults]

    def _decision_faults(self, edition: int, codes: Sequence[int], kept: Sequence[KeptAlert]) -> list[str]:
        rule_set = self.book.rule_sets.get(edition)
        if rule_set is None:
            return [f"there is no edition {edition} in the rule book"]
        matches = rule_set.evaluate(self.event, self.past.before(self.event.t, self._labels))
        judged = [match.code for match in matches]
        if judged != list(codes):
            return [f"edition {edition} raises {_listed(judged)}, stored is {_listed(codes)}"]
        met = {match.code: match for match in matches}
        proved = [(each, met[each.code]) for each in kept if each.code in met]
        return [fault for each, match in proved for fault in self._evidence_faults(edition, each, match)]

    def _evidence_faults(self, edition: int, kept: KeptAlert, match: Match) -> Iterator[str]:
        if (kept.value, kept.threshold, kept.events) != (match.value, match.threshold, str(match.count)):
            yield (
                f"the evidence of code {kept.code} has {_evidence(kept.value, kept.threshold, kept.events)}; "
                f"edition {edition} finds {_evidence(match.value, match.threshold, match.count)}"
            )
        events = proof_of(match, self.event, self.past)
        moments, places = str([each.t for each in events]), _places(events)
        if kept.moments != moments:
            yield f"the moments of code {kept.code} are {kept.moments}; edition {edition} finds {moments}"
        if kept.places != places:
            yield f"the events of code {kept.code} are {kept.places}; edition {edition} finds {places}"
        if kept.event_id != self.event.event_id:
            yield f"the alert of code {kept.code} names the event {kept.event_id}"
        yield from _sentence_faults(kept, match)


def in_shadow(alerts: Iterable[KeptAlert]) -> list[int]:
    """Return the codes of the alerts of the shadow."""
    return [each.code for each in alerts if each.shadow]


def freshness_faults(kept: Iterable[KeptAlert], before: Collection[int]) -> list[str]:
    """Compare the marks of alerts with the codes of the event before; a former release stored none."""
    return [
        f"the alert of code {each.code} is stored as {'fresh' if each.fresh else 'not fresh'}; "
        f"the event before raised {_listed(sorted(before))}"
        for each in kept
        if each.fresh is not None and each.fresh is (each.code in before)
    ]


def _places(events: Sequence[EventRef]) -> str | None:
    """Return the places of events as PostgreSQL writes them; None if no event has an id."""
    return json.dumps(places_of(events)) if any(each.event_id for each in events) else None


def _sentence_faults(kept: KeptAlert, match: Match) -> Iterator[str]:
    """Compare the sentence, in the words of the release that wrote it (A45)."""
    sentence = match.sentence_as(kept.wording)
    if sentence is None:
        yield f"the sentence of code {kept.code} is of wording {kept.wording}, which this version does not have"
    elif kept.sentence != sentence:
        yield f'the sentence of code {kept.code} is "{kept.sentence}", it should be "{sentence}"'


def _evidence(value: str | None, threshold: str | None, events: str | int | None) -> str:
    return f"value {value}, threshold {threshold}, events {events}"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "nothing"


@dataclass(slots=True)
class Findings:
    """How many events agree, by edition, and the first that differ; what is gone, and what is not counted or sealed."""

    events: Counter[int] = field(default_factory=Counter)
    agreeing: Counter[int] = field(default_factory=Counter)
    shadowed: Counter[int] = field(default_factory=Counter)  # events with alerts of a shadow edition
    shadowed_agreeing: Counter[int] = field(default_factory=Counter)
    without_evidence: int = 0  # events with codes from before alerts were stored
    different: int = 0
    differences: list[Difference] = field(default_factory=list)
    lost: int = 0
    losses: list[Loss] = field(default_factory=list)
    not_counted: int = 0  # events of a release that gave them no number, not counted since then
    not_sealed: int = 0
    latest_seal: Sealed | None = None
    time_zones: Mapping[int, str] = field(default_factory=dict)  # of editions that were drafted with other ones

    def note_live(self, answer: Answer, faults: Sequence[str], *, kept: bool) -> None:
        """Count an event that was judged again by the edition that answered it."""
        self.events[answer.edition] += 1
        self.agreeing[answer.edition] += not faults
        self.without_evidence += bool(answer.codes) and not kept and not faults

    def note_shadow(self, edition: int, faults: Sequence[str]) -> None:
        """Count an event that was judged again by its shadow edition."""
        self.shadowed[edition] += 1
        self.shadowed_agreeing[edition] += not faults

    def note(self, user_id: int, event: EventRef, faults: Sequence[str]) -> None:
        """Count an event once if it has any faults, and keep it if it is among the first."""
        if faults:
            self.different += 1
            self._keep([Difference(user_id, event, "; ".join(faults))])

    def note_loss(self, user_id: int, faults: Sequence[str]) -> None:
        """Count a player once if anything of theirs is gone or changed, and keep the loss if it is among the first."""
        if faults:
            self.lost += 1
            self._keep_losses([Loss(user_id, "; ".join(faults))])

    def add(self, other: "Findings") -> None:
        """Add what another process found, of other players."""
        for name in ("events", "agreeing", "shadowed", "shadowed_agreeing"):
            getattr(self, name).update(getattr(other, name))
        self.without_evidence += other.without_evidence
        self.different += other.different
        self._keep(other.differences)
        self.lost += other.lost
        self._keep_losses(other.losses)
        self.not_counted += other.not_counted
        self.not_sealed += other.not_sealed
        self.latest_seal = self.latest_seal or other.latest_seal

    def _keep_losses(self, losses: Sequence[Loss]) -> None:
        self.losses = sorted([*self.losses, *losses])[:MAX_LISTED]

    def _keep(self, differences: Sequence[Difference]) -> None:
        self.differences = sorted([*self.differences, *differences])[:MAX_LISTED]
