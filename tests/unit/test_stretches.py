"""When an edition was in the shadow, and of which live editions, follows from the audit (A60)."""

from datetime import UTC, datetime, timedelta

import pytest

from app.backtest.comparing.stretches import stretches_of
from app.rulebook.domain import AuditEntry, Step

EPOCH = datetime(2026, 11, 28, tzinfo=UTC)
DRAFT, SHADOW, PUBLISH = Step.DRAFTED, Step.SHADOWED, Step.PUBLISHED
DISPLACE, RETIRE, SHED = Step.DISPLACED, Step.RETIRED, Step.SHED
Steps = list[tuple[int, Step]]

BEGIN: Steps = [(1, DRAFT), (1, PUBLISH), (2, DRAFT), (2, SHADOW)]  # at minutes 0, 1, 2 and 3
CASES = [
    ("never", BEGIN[:3], []),
    ("still", BEGIN, [(3, None, (1,))]),
    ("of another", [*BEGIN[:3], (3, SHADOW), (3, RETIRE)], []),
    ("displaced", [*BEGIN, (2, DISPLACE), (3, SHADOW)], [(3, 4, (1,))]),
    ("published", [*BEGIN, (1, RETIRE), (2, PUBLISH)], [(3, 5, (1,))]),
    ("retired", [*BEGIN, (2, RETIRE)], [(3, 4, (1,))]),
    ("shed and back", [*BEGIN, (2, SHED), (2, SHADOW)], [(3, 4, (1,)), (5, None, (1,))]),
    ("another live", [*BEGIN, (1, RETIRE), (4, PUBLISH)], [(3, None, (1, 4))]),
    ("another and back", [*BEGIN, (4, PUBLISH), (1, PUBLISH), (2, SHED)], [(3, 6, (1, 4))]),
    ("another in the gap", [*BEGIN, (2, SHED), (4, PUBLISH), (2, SHADOW)], [(3, 4, (1,)), (6, None, (4,))]),
    ("another shadow retired", [*BEGIN, (5, RETIRE)], [(3, None, (1,))]),
    ("without a live one", [(2, SHADOW)], [(0, None, ())]),
]


@pytest.mark.parametrize(("steps", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_stretches_follow_from_the_audit(steps: Steps, expected: list[tuple[int, int | None, tuple[int, ...]]]) -> None:
    audit = [
        AuditEntry(id=minute, edition=edition, step=step, who="ann", note="", at=EPOCH + timedelta(minutes=minute))
        for minute, (edition, step) in enumerate(steps)
    ]
    found = [
        (minutes(each.began_at), each.ended_at and minutes(each.ended_at), each.live) for each in stretches_of(audit, 2)
    ]
    assert found == expected


def minutes(at: datetime) -> int:
    return int((at - EPOCH).total_seconds() // 60)
