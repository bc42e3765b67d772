"""Who counts as another person in the console: another account, and never a person and a key together (A82)."""

from datetime import UTC, datetime

import pytest

from app.access.actors import is_reserved, name_of_key
from app.rulebook.approval import is_person, refuse_self_approval
from app.rulebook.domain import Edition, SelfApproval, Status
from app.rulebook.terminal import how_to_publish
from app.staff.permissions import Permission, Role, person, roles_with
from tests.edition_1 import RULES

ANN, BEN = person(1, "Ann Smith", [Role.AUTHOR]).name, person(2, "Ben Jones", [Role.PUBLISHER]).name
KEY, OWNERS = name_of_key("0123456789ab", "rules"), {"0123456789ab": "Ann"}


def by(author: str) -> Edition:
    now = datetime.now(UTC)
    return Edition(edition=2, status=Status.DRAFT, rules=RULES, author=author, note="", created_at=now)


@pytest.mark.parametrize(
    ("author", "publisher", "why"),
    [
        (ANN, ANN, "you drafted edition 2"),
        (ANN, person(1, "Called Otherwise", [Role.PUBLISHER]).name, "you drafted edition 2"),
        (KEY, BEN, "drafted with a key"),
        ("ann", BEN, "drafted at a shell"),
        ("anonymous", BEN, "drafted at a shell"),
        (ANN, KEY, "in the console"),
        (ANN, "ben", "in the console"),
        (ANN, "anonymous", "in the console"),
    ],
)
def test_a_possible_author_may_not_publish(author: str, publisher: str, why: str) -> None:
    with pytest.raises(SelfApproval, match=why):
        refuse_self_approval(by(author), publisher, OWNERS)


@pytest.mark.parametrize("author", [ANN, "migration 0004", person(12, "Ben Jones", [Role.AUTHOR]).name])
def test_another_person_may_publish(author: str) -> None:
    refuse_self_approval(by(author), BEN, {})


def test_nobody_at_a_shell_takes_the_name_of_a_person() -> None:
    assert is_person(ANN)
    assert is_reserved(ANN)
    assert is_reserved("Staff:1 Ann Smith")


def test_the_database_knows_which_role_may_publish() -> None:
    assert roles_with(Permission.RULES_PUBLISH) == "publisher"  # migration 0028 has the role by name


def test_the_terminal_says_who_publishes_what_a_person_drafted() -> None:
    assert "another person with the role publisher" in how_to_publish(by(ANN), four_eyes=True)
    assert "rules publish 2" in how_to_publish(by(ANN), four_eyes=False)
