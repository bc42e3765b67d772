"""Who counts as another person (A25, A46): the owner of another key; without an owner nobody is known."""

from datetime import UTC, datetime

import pytest

from app.access.actors import is_reserved, name_of_key
from app.rulebook.approval import refuse_self_approval
from app.rulebook.domain import Edition, SelfApproval, Status
from tests.edition_1 import RULES

ONE, OTHER = name_of_key("0123456789ab", "rules"), name_of_key("ba9876543210", "rules")
THIRD, NOBODYS = name_of_key("cccccccccccc", "rules"), name_of_key("dddddddddddd", "rules")
OWNERS = {"0123456789ab": "Ann", "ba9876543210": "Ben", "cccccccccccc": " ann"}


def by(author: str) -> Edition:
    now = datetime.now(UTC)
    return Edition(edition=2, status=Status.DRAFT, rules=RULES, author=author, note="", created_at=now)


@pytest.mark.parametrize(
    ("author", "publisher"),
    [
        (ONE, ONE),
        (ONE, name_of_key("0123456789ab", "called otherwise")),
        (ONE, "anonymous"),
        (ONE, "ann"),
        ("anonymous", ONE),
        ("anonymous", "anonymous"),
        ("ann", ONE),
        ("ann", "ben"),
        ("migration 0004", "ann"),
        (ONE, THIRD),
        (NOBODYS, OTHER),
        (ONE, NOBODYS),
        ("migration 0004", NOBODYS),
        (NOBODYS, NOBODYS),
    ],
)
def test_a_possible_author_may_not_publish(author: str, publisher: str) -> None:
    with pytest.raises(SelfApproval):
        refuse_self_approval(by(author), publisher, OWNERS)


@pytest.mark.parametrize(
    ("author", "publisher"),
    [(ONE, OTHER), (name_of_key("0123456789ab", "x"), OTHER), ("migration 0004", ONE)],
)
def test_another_person_may_publish(author: str, publisher: str) -> None:
    refuse_self_approval(by(author), publisher, OWNERS)


@pytest.mark.parametrize(
    ("who", "reserved"),
    [
        ("key:0", True),
        ("KEY:0", True),
        ("anonymous", True),
        ("Anonymous", True),
        ("migration 0004", True),
        ("Service", True),
        ("Staff:7 Ann", True),
        ("keys", False),
        ("ann", False),
    ],
)
def test_an_actor_name_cannot_imitate_a_key(who: str, *, reserved: bool) -> None:
    assert is_reserved(who) is reserved
