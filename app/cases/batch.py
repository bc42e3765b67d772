"""Attaches entries of the feed to cases within one transaction: one row of the journal a case, however many alerts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from app.alerts.domain import Kind
from app.alerts.feed.domain import Entry
from app.alerts.services import Meanings
from app.cases.alert_queries import AlertQueries, Key, MuteQueries, Newest
from app.cases.announcing import news_of
from app.cases.arrivals import Arrival, Mute, Sifted, Tallies, attach, open_case, parse_value, sift
from app.cases.batch_queries import BatchQueries, Closed
from app.cases.domain import REPEATS, Case, Change, Step
from app.cases.queries import CaseQueries
from app.cases.services import Announce
from app.rules.meaning import UNKNOWN, Strength
from lib.database_errors import Locked
from lib.transactions import Transaction

OfPlayers = Mapping[int, Sifted]
Mutes = Mapping[int, Sequence[Mute]]


class Batch:
    """What is done with some entries of the feed; nobody else attaches meanwhile, for the head is locked."""

    def __init__(self, current: Transaction, meanings: Meanings, announce: Announce) -> None:
        self._current, self._meanings, self._announce = current, meanings, announce
        self._alerts, self._batch = AlertQueries(current), BatchQueries(current)
        self._cases, self._mutes = CaseQueries(current), MuteQueries(current)

    def attach(self, entries: Sequence[Entry]) -> None:
        """Attach what is new, mark what was retracted or found again, and tell others which cases were opened.

        Raises `Locked` if a case is locked for too long, or was opened and closed at this very moment.
        """
        now = self._cases.now()
        known = self._alerts.known({_key(each) for each in entries})
        arrivals = self._arrivals(entries, known)
        mutes = self._mutes.in_force({each.user_id for each in arrivals}, now)
        sifted = _sifted(arrivals, mutes)
        opened, attached = self._decide(sifted, mutes)
        of_player = {each.case.user_id: each.case.id for each in (*opened, *attached)}
        self._alerts.attach(
            [(each, of_player[user_id], each in found.muted) for user_id, found in sifted.items() for each in found.all]
        )
        self._mutes.end({mute: end for found in sifted.values() for mute, end in found.broken.items()}, now)
        case_of = {**known, **{each.key: of_player[each.user_id] for each in arrivals}}
        changes = {each.case.id: each for each in (*opened, *attached)}
        changes = self._marked(entries, known, case_of, changes)
        self._batch.save(each.case for each in changes.values())
        self._batch.journal(changes.values(), now)
        for change in opened:
            self._announce(self._current, news_of(change.case))

    def _arrivals(self, entries: Sequence[Entry], known: Collection[Key]) -> list[Arrival]:
        """Return the alerts that are not attached yet; one that was found again after a retraction counts once."""
        first = {_key(each): each for each in reversed(entries) if each.kind is not Kind.RETRACTED}
        fresh = [each for key, each in first.items() if key not in known]
        meanings = self._meanings(self._current, {each.alert.edition for each in fresh}) if fresh else {}
        return [
            _arrival(each, meanings.get(each.alert.edition, {}).get(each.alert.code, UNKNOWN).strength)
            for each in fresh
        ]

    def _decide(self, sifted: OfPlayers, mutes: Mutes) -> tuple[list[Change], list[Change]]:
        """Open cases, and return them and what becomes of those that there were; all of them are locked."""
        held = self._cases.open_of([*sifted], lock=True)
        opened = self._open({user_id: found for user_id, found in sifted.items() if found.loud and user_id not in held})
        done = {each.case.user_id for each in opened}
        if others := [user_id for user_id in sifted if user_id not in held and user_id not in done]:
            held |= self._taking_others(sifted, others, mutes)
        newest = self._alerts.newest({case.id: case.codes for case in held.values()}, REPEATS)
        attached = [
            attach(case, sifted[user_id], _tallies(sifted[user_id], newest[case.id])) for user_id, case in held.items()
        ]
        return opened, attached

    def _open(self, sifted: OfPlayers) -> list[Change]:
        closed = self._batch.last_closed(sifted)
        return self._batch.open([_opened(found, closed.get(user_id)) for user_id, found in sifted.items()])

    def _taking_others(self, sifted: OfPlayers, players: Sequence[int], mutes: Mutes) -> dict[int, Case]:
        """Return the cases of players for whom none was opened.

        It is the one that a person opened at this moment, or else the one in which their alerts were muted.
        """
        held = self._cases.open_of(players, lock=True)
        muting = {user_id: mutes[user_id][0].case_id for user_id in players if not sifted[user_id].loud}
        cases = self._cases.some({case_id for user_id, case_id in muting.items() if user_id not in held})
        held |= {user_id: cases[case_id] for user_id, case_id in muting.items() if user_id not in held}
        if missing := [user_id for user_id in players if user_id not in held]:
            raise Locked(f"cases of {len(missing)} players were opened and closed at this moment")
        return held

    def _marked(
        self,
        entries: Iterable[Entry],
        known: Collection[Key],
        case_of: Mapping[Key, int],
        changes: Mapping[int, Change],
    ) -> dict[int, Change]:
        """Mark what was retracted or found again, and return the changes with that in their details."""
        last = {
            key: each
            for each in entries
            if (key := _key(each)) in case_of and (each.kind is Kind.RETRACTED or key in known)
        }
        self._alerts.mark({key: each.at if each.kind is Kind.RETRACTED else None for key, each in last.items()})
        marked = dict(changes)
        untouched = self._cases.some({case_of[key] for key in last} - changes.keys())
        for case_id, case in untouched.items():
            marked[case_id] = Change(case=replace(case, events=case.events + 1), step=Step.ALERTS)
        for key, entry in last.items():
            word = "retracted" if entry.kind is Kind.RETRACTED else "found_again"
            change = marked[case_of[key]]
            codes = sorted([*change.detail.get(word, ()), entry.alert.code])
            marked[case_of[key]] = replace(change, detail={**change.detail, word: codes})
        return marked


def _key(entry: Entry) -> Key:
    return entry.alert.user_id, entry.alert.t, entry.alert.n, entry.alert.code


def _arrival(entry: Entry, strength: Strength | None) -> Arrival:
    """Return an alert as it arrives; one whose rule cannot be read any more is no strong one."""
    alert = entry.alert
    return Arrival(
        number=entry.number,
        user_id=alert.user_id,
        t=alert.t,
        n=alert.n,
        code=alert.code,
        edition=alert.edition,
        at=entry.at,
        strength=strength or Strength.NORMAL,
        value=parse_value(alert.evidence.value),
        sentence=alert.evidence.sentence,
    )


def _sifted(arrivals: Iterable[Arrival], mutes: Mutes) -> dict[int, Sifted]:
    """Tell news from muted alerts, by ascending player."""
    in_order = sorted(arrivals, key=attrgetter("user_id", "number"))
    by_player = groupby(in_order, key=attrgetter("user_id"))
    return {user_id: sift(found, mutes.get(user_id, ())) for user_id, found in by_player}


def _opened(found: Sifted, closed: Closed | None) -> Change:
    before = found.all[-1].at - closed.closed_at if closed else None
    return open_case(found, _tallies(found, (), before), closed.id if closed else None)


def _tallies(found: Sifted, newest: Collection[Newest], closed_before: timedelta | None = None) -> Tallies:
    """Return what a case's alerts amount to, with those that arrive."""
    alerts = {each.code: each.alerts for each in newest}
    latest = {each.code: each.at for each in newest}
    for arrival in found.all:
        alerts[arrival.code] = alerts.get(arrival.code, 0) + 1
        latest[arrival.code] = arrival.at
    return Tallies(latest=[*latest.values()], most_repeated=max(alerts.values()), closed_before=closed_before)
