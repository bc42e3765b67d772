"""What numbers suggest, which records are contact, and digests; both sides of each edge. A76, A78."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from app.interactions.checks import check_decided, check_facts, counts_as_contact, propose, review_due
from app.interactions.digests import digest_of
from app.interactions.domain import Decided, Facts
from app.interactions.refusals import WrongRecord
from app.interactions.words import ActionKind, Answer, By, Channel, Directness, Offer, Period, Verdict

NOW = datetime(2026, 11, 28, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CALL = Facts(occurred_at=NOW, channel=Channel.PHONE, directness=Directness.DIRECT, said="Hello.")
LIMIT = Decided(
    kind=ActionKind.DEPOSIT_LIMIT,
    by=By.PLATFORM,
    decided_at=NOW,
    reason="much",
    amount=Decimal(100),
    period=Period.WEEK,
)


def deposited(amount: str) -> dict[str, list[dict[str, str]]]:
    return {"windows": [{"deposited": amount}]}


@pytest.mark.parametrize(
    ("before", "after", "suggested"),
    [
        ("100.00", "75.00", Verdict.IMPROVED),
        ("100.00", "75.01", Verdict.UNCHANGED),
        ("100.00", "124.99", Verdict.UNCHANGED),
        ("100.00", "125.00", Verdict.WORSE),
        ("100.00", "0.00", Verdict.STOPPED),
        ("0.00", "0.00", Verdict.UNCHANGED),
        ("0.00", "0.01", Verdict.WORSE),
    ],
)
def test_what_the_sums_suggest(before: str, after: str, suggested: Verdict) -> None:
    """A78."""
    assert propose(deposited(before), deposited(after), is_over=True) is suggested
    assert propose(deposited(before), deposited(after), is_over=False) is Verdict.TOO_EARLY


@pytest.mark.parametrize(
    ("by", "channel", "reached", "counts"),
    [
        (By.STAFF, Channel.PHONE, Answer.YES, True),
        (By.STAFF, Channel.LETTER, Answer.UNKNOWN, True),
        (By.STAFF, Channel.PHONE, Answer.NO, False),
        (By.STAFF, Channel.NONE, Answer.UNKNOWN, False),
        (By.PLATFORM, Channel.POP_UP, Answer.YES, False),
        (By.SYSTEM, Channel.EMAIL, Answer.YES, False),
    ],
)
def test_what_counts_as_contact(by: By, channel: Channel, reached: Answer, *, counts: bool) -> None:
    """A76."""
    assert counts_as_contact(replace(CALL, channel=channel, reached=reached), by) is counts


@pytest.mark.parametrize(
    ("changed", "member"),
    [
        ({"occurred_at": NOW + 5 * MINUTE}, None),
        ({"occurred_at": NOW + 6 * MINUTE}, "occurred_at"),
        ({"said": "", "template": "think"}, None),
        ({"said": "", "template": " "}, "said"),
        ({"action_from": NOW, "action_until": NOW + MINUTE}, None),
        ({"action_from": NOW, "action_until": NOW}, "action_until"),
        ({"offered": (Offer.TIME_OUT,), "accepted": (Offer.TIME_OUT,)}, None),
        ({"accepted": (Offer.TIME_OUT,)}, "accepted"),
        ({"said": "x" * 4_000}, None),
        ({"said": "x" * 4_001}, "said"),
        ({"template": "x" * 201}, "template"),
        ({"follow_up_due_at": NOW + timedelta(days=90)}, None),
        ({"follow_up_due_at": NOW + timedelta(days=91)}, "follow_up_due_at"),
    ],
)
def test_what_an_interaction_may_be(changed: dict[str, object], member: str | None) -> None:
    facts = replace(CALL, **changed)  # type: ignore[arg-type]  # one member each
    if member is None:
        check_facts(facts, NOW, needs_next_step=False)
    else:
        with pytest.raises(WrongRecord) as refused:
            check_facts(facts, NOW, needs_next_step=False)
        assert set(refused.value.errors) == {member}


@pytest.mark.parametrize(
    ("changed", "member"),
    [
        ({}, None),
        ({"amount": None}, "amount"),
        ({"period": None}, "period"),
        ({"kind": ActionKind.MONITOR}, "amount"),
        ({"action_until": NOW}, "action_until"),
        ({"action_until": NOW + MINUTE}, None),
        ({"review_due_at": NOW}, "review_due_at"),
        ({"review_due_at": NOW + MINUTE}, None),
        ({"review_due_at": NOW + MINUTE, "by": By.STAFF}, "review_due_at"),
    ],
)
def test_what_an_action_may_be(changed: dict[str, object], member: str | None) -> None:
    """A77."""
    decided = replace(LIMIT, **changed)  # type: ignore[arg-type]  # one member each
    if member is None:
        check_decided(decided, NOW)
        assert review_due(decided) == (decided.review_due_at or NOW + timedelta(hours=24))
    else:
        with pytest.raises(WrongRecord) as refused:
            check_decided(decided, NOW)
        assert set(refused.value.errors) == {member}


def test_a_digest_depends_on_what_is_stored_and_not_on_how_it_is_written() -> None:
    row = {"id": 1, "digest": "", "at": NOW, "amount": Decimal("100.00"), "codes": [1, 2], "kind": ActionKind.MONITOR}
    same = {**row, "id": 2, "digest": "x", "amount": Decimal(100), "codes": (1, 2), "kind": "monitor"}
    same["at"] = NOW.astimezone(timezone(timedelta(hours=5)))
    assert digest_of(row) == digest_of(same)
    for changed in ({"at": NOW + timedelta(microseconds=1)}, {"amount": Decimal("100.01")}, {"codes": [2, 1]}):
        assert digest_of({**row, **changed}) != digest_of(row)
