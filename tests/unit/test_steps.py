"""Which steps an edition refuses, and with what message."""

from datetime import UTC, datetime
from itertools import product

import pytest

from app.rulebook.domain import TAKEN_FROM, Edition, Status, Step, WrongStep, refuse_wrong_step
from tests.edition_1 import RULES

WRONG = {
    (Step.SHADOWED, Status.SHADOW): ("edition 6 is already shadow", ""),
    (Step.SHADOWED, Status.LIVE): ("edition 6 is already live", ""),
    (Step.SHADOWED, Status.RETIRED): (
        'edition 6 is retired; draft it again: POST /rules with {"edition": 6}',
        "rules draft --edition 6",
    ),
    (Step.PUBLISHED, Status.LIVE): ("edition 6 is already live", ""),
    (Step.RETIRED, Status.LIVE): (
        "edition 6 is live; publish another edition, which retires it: POST /rules/EDITION/publish",
        "rules publish EDITION",
    ),
    (Step.RETIRED, Status.RETIRED): ("edition 6 is already retired", ""),
    (Step.DELETED, Status.SHADOW): (
        "edition 6 is shadow, and only drafts can be deleted; retire it: POST /rules/6/retire",
        "rules retire 6",
    ),
    (Step.DELETED, Status.LIVE): ("edition 6 is live, and only drafts can be deleted", ""),
    (Step.DELETED, Status.RETIRED): ("edition 6 is retired, and only drafts can be deleted", ""),
}


def standing(status: Status) -> Edition:
    return Edition(edition=6, status=status, rules=RULES, author="ann", note="", created_at=datetime.now(UTC))


@pytest.mark.parametrize(("step", "status"), WRONG)
def test_a_refused_step_says_what_to_do(step: Step, status: Status) -> None:
    with pytest.raises(WrongStep) as refused:
        refuse_wrong_step(standing(status), step)
    remedy = refused.value.remedy
    assert (str(refused.value), remedy.command if remedy else "") == WRONG[step, status]


@pytest.mark.parametrize(("step", "status"), [each for each in product(TAKEN_FROM, Status) if each not in WRONG])
def test_every_other_step_is_allowed(step: Step, status: Status) -> None:
    refuse_wrong_step(standing(status), step)
