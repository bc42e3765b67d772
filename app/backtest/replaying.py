"""Verifying a player whose events did not all come in order, or were corrected: all that was received, once more.

Each event is judged by what was known when it came; each change of what is known has to have left the revisions that
it causes, and nothing else. All of such a player is held in memory.
"""

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from app.alerts.queries import format_evidence, written
from app.backtest.findings import (
    NOTHING_RAISED,
    Answer,
    EventCheck,
    KeptAlert,
    Raised,
    RuleBook,
    freshness_faults,
    in_shadow,
)
from app.backtest.groups import NO_VERSIONS, Versions
from app.backtest.queries import event_from
from app.backtest.received import Place, Received, Superseded
from app.events.recording import evidence_of
from app.rules.engine import RuleSet
from app.rules.event import TYPE_BY_NAME, ActivityEvent
from app.rules.history import NO_GROUPS, Groups
from app.rules.rejudging import Judges, Rejudging, proof_of
from app.rules.rule import Match
from app.rules.running_history import RunningHistory
from app.seals.domain import EventFacts
from app.seals.entries import Entry

Compare = Callable[[EventCheck, Answer, Sequence[KeptAlert]], list[str]]


@dataclass(slots=True)
class Known:
    """An event as it is believed at some point of the replay."""

    event: ActivityEvent
    edition: int
    believed: tuple[int, ...]
    groups: Groups = NO_GROUPS  # that it was judged with
    revisions: int = 0


@dataclass(slots=True)
class Replay:
    """The replay of one player; `faults` says what is wrong about the event at each place."""

    received: Received
    book: RuleBook
    judges: Judges
    compare: Compare  # an event with its first answer
    versions: Versions = NO_VERSIONS  # of the player's groups
    faults: defaultdict[Place, list[str]] = field(default_factory=lambda: defaultdict(list))
    _places: list[Place] = field(default_factory=list)
    _known: dict[Place, Known] = field(default_factory=dict)
    _tip: RunningHistory | None = None  # the history before the next event in order, if it is known
    # What the event before each code that was found late raised by then.
    _before_found: dict[tuple[Place, int], Collection[int]] = field(default_factory=dict)
    _revised: dict[Place, int] = field(default_factory=dict)  # how many revisions were found of a place

    def run(self) -> None:
        """Go through all that was received, in the order in which it came."""
        early = {each.facts.seq: each.before_alerts for each in self.received.standing}
        early |= {each.event_seq: each.before_alerts for each in self.received.superseded if each.no == 1}
        corrections = {each.seq: each for each in self.received.superseded}
        for entry in sorted(self.received.entries, key=lambda each: (each.seq or 0, each.t, each.n)):
            if entry.correction is None:
                self._take(entry, before_alerts=early.get(entry.seq, False))
            elif correction := corrections.get(entry.seq or 0):
                self._correct(correction)
        self._compare_end()

    def _take(self, entry: Entry, *, before_alerts: bool) -> None:
        event, place = event_from(entry.facts), (entry.t or 0, entry.n)
        answer = Answer(entry.codes or (), entry.edition or 0, before_alerts)
        index = bisect_left(self._places, place)
        clock = self._places[-1][0] if self._places else -1
        if entry.taken_after != (clock if event.t < clock else None):
            self.faults[place].append(f"it is stored as taken after {entry.taken_after}; the latest t was {clock}")
        history = self._history(index)
        alerts = self.received.alerts.get(place, ())
        first = [each for each in alerts if each.shadow or each.code in answer.codes]
        seen = self.versions.seen(entry.groups_version)
        check = EventCheck(event, history, self.book, self._raised_before(index), seen)
        self.faults[place] += self.compare(check, answer, first)
        self._places.insert(index, place)
        self._known[place] = Known(event, answer.edition, tuple(answer.codes), seen.labels if seen else NO_GROUPS)
        history.remember(event)
        if index + 1 < len(self._places):
            self._judge_again(index + 1, (event,), history, entry.seq or 0)

    def _correct(self, correction: Superseded) -> None:
        place, known = correction.place, self._known.get(correction.place)
        if known is None:
            self.faults[place].append(f"correction {correction.seq} is of an event that does not stand")
            return
        index, old = bisect_left(self._places, place), known.event
        if (old.type.value, old.amount) != (correction.type, correction.amount):
            self.faults[place].append(f"correction {correction.seq} names {correction.type} {correction.amount}")
        history, self._tip = self._read_history(index), None
        if correction.new_type is None or correction.new_amount is None:
            del self._places[index], self._known[place]
            self._expect(place, known, (), history, correction.seq)
            versions: tuple[ActivityEvent, ...] = (old,)
        else:
            kind = TYPE_BY_NAME[correction.new_type]
            known.event = replace(old, type=kind, amount=correction.new_amount)
            rule_set = self._rule_set(place, known)
            matches = rule_set.evaluate(known.event, history.before(old.t, known.groups)) if rule_set else ()
            self._expect(place, known, matches, history, correction.seq)
            history.remember(known.event)
            versions, index = (old, known.event), index + 1
        clock = self._places[-1][0] if self._places else -1
        if correction.clock_t != clock:
            self.faults[place].append(
                f"correction {correction.seq} left the clock at {correction.clock_t}, not {clock}"
            )
        self._judge_again(index, versions, history, correction.seq)

    def _raised_before(self, index: int) -> Raised:
        """Return what the event before a place is believed to raise."""
        if not index:
            return NOTHING_RAISED
        place = self._places[index - 1]
        return Raised(self._known[place].believed, in_shadow(self.received.alerts.get(place, ())))

    def _history(self, index: int) -> RunningHistory:
        """Return the history before a place; while events come in order, it is the same one all the time."""
        if index == len(self._places) and self._tip:
            return self._tip
        history = self._read_history(index)
        self._tip = history if index == len(self._places) else None
        return history

    def _read_history(self, index: int) -> RunningHistory:
        history, needs = RunningHistory(self.judges.furthest), self.judges.furthest
        opens = self._places[index - 1][0] - needs.longest if index else 0
        missing = Counter(needs.last_of)
        start = index
        while start and (self._places[start - 1][0] >= opens or any(count > 0 for count in missing.values())):
            start -= 1
            missing[self._known[self._places[start]].event.type] -= 1
        for place in self._places[start:index]:
            history.remember(self._known[place].event)
        return history

    def _judge_again(self, index: int, changed: tuple[ActivityEvent, ...], history: RunningHistory, cause: int) -> None:
        rejudging = Rejudging(self.judges, history, changed)
        for place in self._places[index:]:
            known = self._known[place]
            if not rejudging.may_reach(known.event.t):
                return
            if self._rule_set(place, known):
                matches = rejudging.judge(known.event, known.edition, known.groups)
                if matches is not None:
                    self._expect(place, known, matches, history, cause)
            rejudging.go_beyond(known.event)

    def _rule_set(self, place: Place, known: Known) -> RuleSet | None:
        found = self.judges.rule_sets.get(known.edition)
        if found is None:
            self.faults[place].append(f"there is no edition {known.edition} in the rule book")
        return found

    def _expect(
        self, place: Place, known: Known, matches: Iterable[Match], history: RunningHistory, cause: int
    ) -> None:
        """Compare how the codes of an event change with the next stored revision of it."""
        met = {match.code: match for match in matches}
        if tuple(met) == known.believed:
            return
        before, known.believed = known.believed, tuple(met)
        known.revisions = self._revised[place] = self._revised.get(place, 0) + 1
        stored = self.received.revisions.get(place, ())
        if known.revisions > len(stored):
            self.faults[place].append(f"no revision is stored of what number {cause} changed: {_change(before, met)}")
            return
        revision = stored[known.revisions - 1]
        made = (known.revisions, list(before), list(met), known.edition, cause)
        kept = (revision.no, revision.codes_before, revision.codes_after, revision.edition, revision.cause)
        if made != kept:
            self.faults[place].append(
                f"revision {revision.no} says {_change(revision.codes_before, revision.codes_after)} by number "
                f"{revision.cause}; it should be {_change(before, met)} by number {cause}"
            )
        new = {code: match for code, match in met.items() if code not in before}
        self._expect_alerts(place, new)
        if revision.found.keys() != {str(code) for code in new}:
            self.faults[place].append(
                f"revision {revision.no} has evidence of {', '.join(revision.found) or 'nothing'}"
            )
            return
        for code, match in new.items():
            if revision.found[str(code)] != _evidence(match, known.event, history, revision.found[str(code)]):
                self.faults[place].append(f"the evidence of code {code} in revision {revision.no} is not what is found")

    def _expect_alerts(self, place: Place, codes: Iterable[int]) -> None:
        """Note what the event before raised when codes were found late; only then an alert is stored of each."""
        raised = self._raised_before(bisect_left(self._places, place))
        for code in codes:
            self._before_found.setdefault((place, code), raised.live)

    def _compare_first_versions(self) -> None:
        """Compare what no correction may change: the answer, its edition, when and as which number it came."""
        first = {(each.t or 0, each.n): _answered(each.facts) for each in self.received.entries if not each.correction}
        stored = [((each.facts.t, each.facts.n), each.facts) for each in self.received.standing]
        stored += [(each.place, each.facts) for each in self.received.superseded]
        for place, facts in stored:
            if place in first and _answered(facts) != first[place]:
                self.faults[place].append("a stored version of the event has another first answer")

    def _compare_end(self) -> None:
        """Compare what stands, the revisions and the alerts that were found late with the end of the replay."""
        standing = {(each.facts.t, each.facts.n): each.event for each in self.received.standing}
        self._compare_first_versions()
        for place in {*standing, *self._known}:
            if standing.get(place) != (self._known[place].event if place in self._known else None):
                self.faults[place].append("the stored event is not what was received and corrected")
        for place, stored in self.received.revisions.items():
            if (more := len(stored) - self._revised.get(place, 0)) > 0:
                self.faults[place].append(f"nothing caused {more} of its stored revisions")
        answered = {(each.t, each.n): each.codes or () for each in self.received.entries if each.correction is None}
        for place, alerts in self.received.alerts.items():
            revisions = self.received.revisions.get(place, ())
            lines = {line for revision in revisions for line in revision.lines}
            found = {int(code) for revision in revisions for code in revision.found}
            late = [each for each in alerts if not each.shadow and each.code not in answered.get(place, ())]
            self.faults[place] += [
                f"the alert of code {each.code} was neither answered nor found late as it is stored"
                for each in late
                if each.line not in lines
            ]
            for each in late:
                self.faults[place] += freshness_faults([each], self._before_found.get((place, each.code), ()))
            missing = found.difference(answered.get(place, ())).difference(each.code for each in late)
            self.faults[place] += [f"there is no alert of code {code}, which was found late" for code in missing]
        for place, revisions in self.received.revisions.items():
            if place not in self.received.alerts and any(revision.found for revision in revisions):
                self.faults[place].append("there is no alert of the codes that were found late")


def _answered(facts: EventFacts) -> EventFacts:
    """Return the facts that no correction changes."""
    return facts._replace(type="", amount=Decimal(0), codes=list(facts.codes))


def _evidence(match: Match, event: ActivityEvent, history: RunningHistory, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the evidence of a match as it should be stored, in the wording of the stored one."""
    evidence = format_evidence(evidence_of(match, proof_of(match, event, history)), event.event_id)
    wording = stored.get("wording")
    made: dict[str, Any] = json.loads(written({**evidence, "wording": wording, "sentence": match.sentence_as(wording)}))
    return made


def _change(before: Iterable[int], after: Iterable[int]) -> str:
    return f"{', '.join(map(str, before)) or 'nothing'} to {', '.join(map(str, after)) or 'nothing'}"
