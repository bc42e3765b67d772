"""What arriving alerts do to a player's case, pure: they open, wake and return it, or are muted (A75)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from app.cases.domain import MAX_REASON, Case, Change, Status, Step, due_from, more_urgent, priority_of
from app.cases.refusals import CannotMute, TextNeeded, WrongTime
from app.rules.meaning import Strength

MAX_MUTE = timedelta(days=90)
TWICE = 2


class MuteEnd(StrEnum):
    """Why a mute ended before its time."""

    LIFTED = "lifted"  # by a person
    STRONG = "strong"
    OTHER_CODE = "other-code"
    TWICE_THE_VALUE = "twice-the-value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An alert as the feed numbered it; `value` is what its rule compared, None where its evidence is not known."""

    number: int
    user_id: int
    t: int
    n: int
    code: int
    edition: int
    at: datetime
    strength: Strength
    value: Decimal | None
    sentence: str

    @property
    def key(self) -> tuple[int, int, int, int]:
        """What names the alert."""
        return self.user_id, self.t, self.n, self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Alerts of a code that open no case until a time; `value` is that of the newest one when it was muted."""

    id: int
    case_id: int
    user_id: int
    code: int
    until: datetime
    reason: str
    value: Decimal | None
    made_by: str
    made_at: datetime
    ended_at: datetime | None = None
    ended: MuteEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """The arrivals of one player, by number: those that count as news, the muted ones, and which mutes they broke."""

    loud: Sequence[Arrival]
    muted: Sequence[Arrival]
    broken: Mapping[int, MuteEnd]

    @property
    def all(self) -> list[Arrival]:
        """All arrivals, by number."""
        return sorted([*self.loud, *self.muted], key=lambda each: each.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """What the case's alerts amount to: when the newest of each code was numbered, and how many the most frequent has.

    Both count the arrivals; `closed_before` is how long before this case the player's one before was closed.
    """

    latest: Collection[datetime]
    most_repeated: int
    closed_before: timedelta | None


def parse_value(text: str) -> Decimal | None:
    """Return the value of an evidence; None where it has none."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def mute(case: Case, made: Mute, now: datetime) -> Change:
    """Mute a code of a case's player for up to 90 days."""
    if made.code not in case.codes:
        raise CannotMute(f"case {case.id} has no alert of code {made.code}, so there is nothing to mute")
    if not now < made.until <= now + MAX_MUTE:
        raise WrongTime(f"choose a time after now, and at most {MAX_MUTE.days} days from now")
    if not made.reason.strip() or len(made.reason) > MAX_REASON:
        raise TextNeeded(f"enter a reason of at most {MAX_REASON:,} characters")
    detail = {"code": made.code, "until": made.until.isoformat()}
    return Change(case=_counted(case), step=Step.MUTED, note=made.reason, detail=detail)


def unmute(case: Case, lifted: Mute) -> Change:
    """Lift a mute, which was made in this case or in another one of the player."""
    return Change(case=_counted(case), step=Step.UNMUTED, detail={"code": lifted.code})


def _counted(case: Case) -> Case:
    return replace(case, events=case.events + 1)


def sift(arrivals: Iterable[Arrival], mutes: Iterable[Mute]) -> Sifted:
    """Tell news from muted alerts of one player; `mutes` are those in force."""
    in_force = {mute.code: mute for mute in mutes}
    loud: list[Arrival] = []
    muted: list[Arrival] = []
    broken: dict[int, MuteEnd] = {}
    for arrival in sorted(arrivals, key=lambda each: each.number):
        for code, end in _breaks(arrival, in_force).items():
            broken[in_force.pop(code).id] = end
        (muted if arrival.code in in_force else loud).append(arrival)
    return Sifted(loud=loud, muted=muted, broken=broken)


def _breaks(arrival: Arrival, in_force: Mapping[int, Mute]) -> dict[int, MuteEnd]:
    """Return the codes whose mutes an arrival breaks, and why."""
    if arrival.strength is Strength.STRONG:
        return dict.fromkeys(in_force, MuteEnd.STRONG)
    mute = in_force.get(arrival.code)
    if mute is None:
        return dict.fromkeys(in_force, MuteEnd.OTHER_CODE)
    if mute.value is not None and arrival.value is not None and arrival.value >= TWICE * mute.value:
        return {arrival.code: MuteEnd.TWICE_THE_VALUE}
    return {}


def open_case(sifted: Sifted, tallies: Tallies, reopened_from: int | None) -> Change:
    """Open a case for arrivals of which at least one is news; its id is 0 until it is stored."""
    arrivals = sifted.all
    strength, at = _greatest(Strength.NORMAL, arrivals), arrivals[-1].at
    opened = Case(
        id=0,
        user_id=arrivals[0].user_id,
        status=Status.NEW,
        strength=strength,
        priority=_priority(strength, tallies),
        opened_at=at,
        last_alert_at=at,
        due_at=due_from(at, strength),
        reopened_from=reopened_from,
        events=1,
    )
    return Change(case=_with(opened, arrivals), step=Step.OPENED, detail=_detail(sifted))


def attach(case: Case, sifted: Sifted, tallies: Tallies) -> Change:
    """Add arrivals to a case. News wakes it, returns it from monitoring, and may make it more urgent.

    Muted ones are only counted, also by a closed case.
    """
    counted = replace(_with(case, sifted.all), events=case.events + 1)
    detail = _detail(sifted)
    if not sifted.loud:
        return Change(case=counted, step=Step.ALERTS, detail=detail)
    after, at = _urgent(case, counted, tallies, sifted.loud[-1].at), sifted.loud[-1].at
    if case.snoozed_until is not None or case.status is Status.MONITORING:
        status = Status.IN_REVIEW if case.status is Status.MONITORING else case.status
        due = due_from(at, after.strength)
        after = replace(after, status=status, snoozed_until=None, due_at=due, version=case.version + 1)
    return Change(case=after, step=Step.ALERTS, detail=detail)


def _urgent(case: Case, counted: Case, tallies: Tallies, at: datetime) -> Case:
    """Return the case as urgent as its alerts make it, and due earlier if it has become strong."""
    priority = more_urgent(case.priority) if case.status is Status.MONITORING else case.priority
    became_strong = counted.strength is not case.strength
    due = min(case.due_at, due_from(at, counted.strength)) if became_strong else case.due_at
    return replace(counted, priority=min(priority, _priority(counted.strength, tallies)), due_at=due)


def _priority(strength: Strength, tallies: Tallies) -> int:
    return priority_of(
        strength=strength,
        latest=tallies.latest,
        most_repeated=tallies.most_repeated,
        closed_before=tallies.closed_before,
    )


def _with(case: Case, arrivals: Sequence[Arrival]) -> Case:
    newest = arrivals[-1]
    moments = [each.t for each in arrivals]
    return replace(
        case,
        codes=tuple(sorted({*case.codes, *(each.code for each in arrivals)})),
        alert_count=case.alert_count + len(arrivals),
        first_t=min(moments) if case.first_t is None else min(case.first_t, *moments),
        last_t=max(moments) if case.last_t is None else max(case.last_t, *moments),
        last_alert_at=max(case.last_alert_at, newest.at),
        strength=_greatest(case.strength, arrivals),
        sentence=newest.sentence or case.sentence,
    )


def _greatest(strength: Strength, arrivals: Iterable[Arrival]) -> Strength:
    is_strong = strength is Strength.STRONG or any(each.strength is Strength.STRONG for each in arrivals)
    return Strength.STRONG if is_strong else Strength.NORMAL


def _detail(sifted: Sifted) -> dict[str, object]:
    """Return what the journal says of arrivals."""
    detail: dict[str, object] = {
        "alerts": len(sifted.loud) + len(sifted.muted),
        "codes": sorted({each.code for each in sifted.all}),
    }
    if sifted.muted:
        detail["muted"] = len(sifted.muted)
    if sifted.broken:
        detail["mutes_broken"] = {str(mute): end.value for mute, end in sifted.broken.items()}
    return detail
