"""Publications that would silently undo another one (A28), and how they are reported."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.rulebook.bases import MAX_SHOWN, refuse_another_base
from app.rulebook.domain import Edition, LiveEditionChanged, Status
from app.rulebook.forms import parse_rules
from tests.edition_1 import RULES, WRITTEN

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LARGE = WRITTEN[3]
STRICTER = parse_rules([*WRITTEN[:3], {**LARGE, "above": "80.00"}])
DRAFT = Edition(edition=3, status=Status.DRAFT, rules=RULES, author="ann", note="", created_at=AT)
LIVE = Edition(
    edition=2,
    status=Status.LIVE,
    rules=STRICTER,
    author="ben",
    note="",
    created_at=AT,
    published_at=AT,
    published_by="ben",
)
WAS_LIVE = replace(DRAFT, edition=1, status=Status.RETIRED, published_at=AT, published_by="cleo")


@pytest.mark.parametrize(
    ("candidate", "base", "live", "over"),
    [
        pytest.param(DRAFT, 2, LIVE, None, id="its base is live"),
        pytest.param(DRAFT, 1, LIVE, 2, id="the live edition is named"),
        pytest.param(DRAFT, None, LIVE, 2, id="the live edition is named, and no base is known"),
        pytest.param(DRAFT, 2, LIVE, 2, id="the base is named, too"),
        pytest.param(DRAFT, 1, None, None, id="nothing is live"),
        pytest.param(DRAFT, 1, None, 2, id="nothing is live, whatever is named"),
        pytest.param(WAS_LIVE, None, LIVE, None, id="it was live before"),
        pytest.param(WAS_LIVE, None, LIVE, 2, id="it was live before, and the live edition is named"),
    ],
)
def test_drafts_that_undo_nothing_unknowingly_are_accepted(
    candidate: Edition, base: int | None, live: Edition | None, over: int | None
) -> None:
    refuse_another_base(candidate, base=base, live=live, over=over)


@pytest.mark.parametrize(
    ("candidate", "base", "over", "why"),
    [
        pytest.param(DRAFT, 1, None, "edition 3 is based on edition 1, but edition 2 is live, ", id="another base"),
        pytest.param(DRAFT, None, None, "edition 3 is based on an unknown edition, but edition 2 is", id="no base"),
        pytest.param(DRAFT, 2, 1, "edition 1 is to be replaced, but edition 2 is live, ", id="another one is named"),
        pytest.param(WAS_LIVE, None, 4, "edition 4 is to be replaced, but edition 2 is live, ", id="of a way back too"),
    ],
)
def test_changes_that_would_be_silently_undone_are_reported(
    candidate: Edition, base: int | None, over: int | None, why: str
) -> None:
    with pytest.raises(LiveEditionChanged) as refused:
        refuse_another_base(candidate, base=base, live=LIVE, over=over)
    number, output = candidate.edition, str(refused.value)
    assert output.startswith(why)
    assert "published by ben at 2026-11-22 09:30 UTC" in output
    assert "1100: above 80.00 → 100.00" in output
    assert "Make a new draft from edition 2" in output
    assert output.endswith(f': POST /rules/{number}/publish with {{"over": 2}}')
    assert refused.value.remedy
    assert refused.value.remedy.command == f"rules publish {number} --over 2"


def test_only_the_first_differences_are_reported() -> None:
    many = parse_rules([{**LARGE, "code": code} for code in range(2001, 2051)])
    with pytest.raises(LiveEditionChanged, match=rf"; and {50 + len(WRITTEN) - MAX_SHOWN} more\. Make a new draft"):
        refuse_another_base(replace(DRAFT, rules=many), base=1, live=LIVE, over=None)


def test_a_changed_live_edition_is_reported_even_with_equal_rules() -> None:
    with pytest.raises(LiveEditionChanged, match="would change: no rule"):
        refuse_another_base(replace(DRAFT, rules=STRICTER), base=1, live=LIVE, over=None)


def test_an_unreadable_live_edition_is_reported_as_such() -> None:
    with pytest.raises(LiveEditionChanged, match="the live edition cannot be read"):
        refuse_another_base(DRAFT, base=1, live=replace(LIVE, rules=()), over=None)
