"""The picture of a customer: deposits up, withdrawals down, alerts below, and lines for cases, editions and limits."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.cases.domain import Case
from app.customers.domain import CustomerPage, Marks, Picture
from app.customers.ranges import Axis, Range
from app.customers.totals import MAX_SCANNED
from app.events.reading.domain import Total
from app.rules.event import EventType
from app.rules.limits import INTEGER_MAX, MAX_CODE
from app.rules.spans import DAY
from app.rules.wording import lasting
from lib.pages.charts import Bar, Chart, Level, Mark, Segment, bar_chart
from lib.pages.scale import Size

CELLS = 12  # of the lane, so that each is wide enough to be touched on a phone
HEIGHT = Size(height=180, steps=4, width=880)
WITHIN = {Range.DAY: "last 24 h", Range.WEEK: "last 7 days", Range.MONTH: "last 30 days", Range.ALL: "whole time"}
OPENED, PUBLISHED = "opened", "published"  # classes of lines
YEAR = 365 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket of the picture in words and numbers; `besides` are cases that were opened, and editions."""

    name: str
    label: str
    deposits: Total
    withdrawals: Total
    alerts: int
    besides: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Alerts in a part of the picture's time: how many, of which codes, and the cursor of a list that begins there."""

    alerts: int = 0
    words: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The picture: a chart, a lane of cells, a sentence, the limits in words, and the numbers again."""

    chart: Chart
    lane: Sequence[Cell]
    sentence: str
    limits: Sequence[str]
    buckets: Sequence[Bucket]
    has_cases: bool
    has_editions: bool


def drawn_of(page: CustomerPage) -> Drawn | None:
    """Draw the picture of a customer; None for one without events."""
    picture = page.picture
    if picture is None:
        return None
    axis = picture.axis
    cases = [each for each in page.cases if axis.zone and _is_within(axis, each.opened_at)]
    buckets = [*_buckets(picture, cases)]
    sentence = _sentence(picture, buckets, is_clock=page.is_clock)
    levels = [
        Level(_whole(limit.above), f"limit of rule {code}: {limit.above:,.2f} within {lasting(limit.seconds)}")
        for code, limit in picture.limits.items()
        if limit.type is EventType.DEPOSIT
    ]
    chart = bar_chart(
        sentence,
        [_bar(each) for each in buckets],
        HEIGHT,
        levels=levels,
        marks=[*_marks(picture, cases)],
    )
    return Drawn(
        chart=chart,
        lane=_lane(picture, page.person.user_id),
        sentence=sentence,
        limits=[each.title for each in chart.levels],
        buckets=[
            each for each in buckets if each.deposits.count or each.withdrawals.count or each.alerts or each.besides
        ],
        has_cases=bool(cases),
        has_editions=bool(picture.editions),
    )


def _is_within(axis: Axis, at: datetime) -> bool:
    return axis.edges[0] <= at.timestamp() <= axis.end


def _buckets(picture: Picture, cases: Sequence[Case]) -> Iterator[Bucket]:
    axis, money = picture.axis, picture.money
    for place, begin in enumerate(axis.edges):
        until = axis.ends(place)
        besides = [f"case {each.id} opened" for each in cases if begin <= each.opened_at.timestamp() < until]
        besides += [f"edition {each.number} published" for each in picture.editions if begin <= each.at < until]
        yield Bucket(
            name=_name(axis, begin, until),
            label=_label(axis, begin),
            deposits=money.total(EventType.DEPOSIT, begin, until),
            withdrawals=money.total(EventType.WITHDRAW, begin, until),
            alerts=sum(each.count for each in picture.marks if each.begin == begin),
            besides=besides,
        )


def _bar(bucket: Bucket) -> Bar:
    title = (
        f"{bucket.name}: {_said(bucket.deposits, 'deposit')}, {_said(bucket.withdrawals, 'withdrawal')}, "
        f"{_counted(bucket.alerts, 'alert')}"
    )
    up = Segment(_whole(bucket.deposits.total), "deposits")
    return Bar(title, bucket.label, [up], [Segment(_whole(bucket.withdrawals.total), "withdrawals")])


def _whole(amount: Decimal) -> int:
    """Return an amount without cents, upwards, so that the smallest is still seen."""
    return -int(-amount // 1)


def _said(total: Total, noun: str) -> str:
    done = {"deposit": "deposited", "withdrawal": "withdrawn"}[noun]
    return f"{total.total:,.2f} {done} ({_counted(total.count, noun)})" if total.count else f"no {noun}s"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}" if count else f"no {noun}s"


def _sentence(picture: Picture, buckets: Sequence[Bucket], *, is_clock: bool) -> str:
    begin = picture.axis.edges[0]
    deposits, withdrawals = (picture.money.total(kind, begin) for kind in (EventType.DEPOSIT, EventType.WITHDRAW))
    net = picture.money.net(begin)
    alerts = sum(each.alerts for each in buckets)
    within = f"Over the {WITHIN[picture.shown]}" if is_clock else f"From t {begin} to t {picture.axis.end}"
    done = f"{_said(deposits, 'deposit')}, {_said(withdrawals, 'withdrawal')}"
    known = picture.money.known_since
    if known is not None and known > begin:
        read = f"Only the newest {MAX_SCANNED:,} events of each type are in it."
        return f"{within}, at least {done}; {_counted(alerts, 'alert')}. {read}"
    if not (deposits.count or withdrawals.count):
        return f"{within}: {done} and {_counted(alerts, 'alert')}."
    return f"{within}: {done}, so a net deposit of {net:,.2f}; {_counted(alerts, 'alert')}."


def _marks(picture: Picture, cases: Sequence[Case]) -> Iterator[Mark]:
    axis = picture.axis
    for case in cases:
        yield Mark(_place(axis, int(case.opened_at.timestamp())), OPENED, f"case {case.id} opened")
    for edition in picture.editions:
        yield Mark(_place(axis, edition.at), PUBLISHED, f"edition {edition.number} published")


def _place(axis: Axis, t: int) -> float:
    """Return where a moment is, in buckets from the left."""
    place = max(number for number, begin in enumerate(axis.edges) if begin <= t)
    return place + (t - axis.edges[place]) / (axis.ends(place) - axis.edges[place])


def _lane(picture: Picture, user_id: int) -> list[Cell]:
    places = {begin: place for place, begin in enumerate(picture.axis.edges)}
    cells: list[list[Marks]] = [[] for _ in range(CELLS)]
    for marks in picture.marks:
        cells[places[marks.begin] * CELLS // len(places)].append(marks)
    return [_cell(each, user_id) for each in cells]


def _cell(found: Sequence[Marks], user_id: int) -> Cell:
    if not found:
        return Cell()
    codes: Counter[int] = Counter()
    for each in found:
        codes[each.code] += each.count
    words = ", ".join(f"{code}" if count == 1 else f"{code} ({count} times)" for code, count in codes.most_common())
    newest = max(each.newest for each in found)
    return Cell(alerts=codes.total(), words=words, before=f"{newest}.{INTEGER_MAX}:{user_id}:{MAX_CODE}")


def _name(axis: Axis, begin: int, until: int) -> str:
    if axis.zone is None:
        return f"t {begin}" if until - begin == 1 else f"t {begin} to {until - 1}"
    first, last = (datetime.fromtimestamp(t, ZoneInfo(axis.zone)) for t in (begin, until - 1))
    if axis.step < DAY:
        return f"{first.day} {first:%b %Y, %H:%M} to {last:%H:%M}"
    names = [f"{each.day} {each:%b %Y}" for each in (first, last)]
    return names[0] if names[0] == names[1] else " to ".join(names)


def _label(axis: Axis, begin: int) -> str:
    if axis.zone is None:
        return str(begin)
    at = datetime.fromtimestamp(begin, ZoneInfo(axis.zone))
    if axis.end - axis.edges[0] <= 2 * DAY:
        return f"{at:%H:%M}"
    return f"{at:%b %Y}" if axis.end - axis.edges[0] > YEAR else f"{at.day} {at:%b}"
