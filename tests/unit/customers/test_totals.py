"""Totals from slices of time; what was not read is never taken for nothing."""

from decimal import Decimal

import pytest

from app.customers import totals
from app.customers.ranges import Range
from app.customers.totals import Money, Slice, totals_of
from app.rules.event import EventType
from app.rules.spans import DAY

END = 100 * DAY
D, W, C = EventType.DEPOSIT, EventType.WITHDRAW, EventType.WITHDRAW_CANCELLED


def money(*slices: tuple[EventType, int, int, str, int]) -> Money:
    return Money(slices=[Slice(kind, begin, count, Decimal(total), at) for kind, begin, count, total, at in slices])


def test_net_deposits_count_a_cancelled_withdrawal_back() -> None:
    found = money((D, END - 10, 2, "100.00", END - 5), (W, END - 10, 1, "30.50", END), (C, END - 10, 1, "30.50", END))
    assert [each.net for each in totals_of(found, END, END - 5)] == [Decimal("100.00")] * 4


def test_a_range_has_what_began_in_it_and_nothing_before() -> None:
    found = money((D, END - DAY, 1, "1", END - DAY), (D, END - 7 * DAY, 1, "2", END - 7 * DAY), (D, -1, 1, "4", 0))
    by_range = {each.within: each.deposits.total for each in totals_of(found, END, 0)}
    assert by_range == {Range.DAY: 1, Range.WEEK: 3, Range.MONTH: 3, Range.ALL: 7}


def test_what_was_not_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "MAX_SCANNED", 3)
    found = money((D, END - DAY, 1, "1", END - 5), (D, END - 30 * DAY, 2, "1", END - 20 * DAY), (W, -1, 2, "1", 5))
    assert found.known_since == END - 20 * DAY + 1
    assert [each.is_whole for each in totals_of(found, END, 5)] == [True, True, False, False]
    assert [each.net for each in totals_of(found, END, 5)] == [1, 1, None, None]
    assert money((D, -1, 2, "1", 5)).known_since is None
