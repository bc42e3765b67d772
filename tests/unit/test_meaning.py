"""What a rule means to people: optional, checked, and written only where it says something."""

from typing import Any

import pytest

from app.rulebook.differences import differences
from app.rulebook.forms import MAX_GUIDANCE, InvalidRules, format_rules, parse_rules
from app.rulebook.terminal import meaning
from app.rules.meaning import WORDS, Indicator, Meaning, Strength
from tests.edition_1 import WRITTEN

STREAK: dict[str, Any] = WRITTEN[0]
MEANT = {"indicator": "b", "strength": "strong", "guidance": "Call the player, and ask how they are."}


def test_it_round_trips() -> None:
    [rule] = parse_rules([{**STREAK, **MEANT}])
    assert rule.purpose == Meaning(
        indicator=Indicator.PATTERNS_OF_SPEND, strength=Strength.STRONG, guidance=MEANT["guidance"]
    )
    [written] = format_rules([rule])
    assert MEANT.items() <= written.items()
    assert parse_rules([written]) == (rule,)


def test_a_rule_without_it_is_written_as_before() -> None:
    [rule] = parse_rules([STREAK])
    assert rule.purpose == Meaning(strength=Strength.NORMAL)
    assert not MEANT.keys() & format_rules([rule])[0].keys()
    assert parse_rules([{**STREAK, "strength": "normal"}]) == (rule,)


WRONG = [
    ({"indicator": "h"}, 'rule 30, indicator: Must be one letter from "a" to "g".'),
    ({"indicator": "A"}, 'rule 30, indicator: Must be one letter from "a" to "g".'),
    ({"indicator": ["a"]}, 'rule 30, indicator: Must be one letter from "a" to "g".'),
    ({"indicator": None}, "rule 30, indicator: Field may not be null."),
    ({"strength": "weak"}, 'rule 30, strength: Must be "normal" or "strong".'),
    ({"strength": True}, 'rule 30, strength: Must be "normal" or "strong".'),
    ({"guidance": ""}, f"rule 30, guidance: Must be 1 to {MAX_GUIDANCE} characters."),
    ({"guidance": "x" * (MAX_GUIDANCE + 1)}, f"rule 30, guidance: Must be 1 to {MAX_GUIDANCE} characters."),
    ({"guidance": "one\ntwo"}, "rule 30, guidance: Must consist of printable characters."),
]


@pytest.mark.parametrize(("members", "said"), WRONG, ids=[str(members)[:40] for members, _ in WRONG])
def test_what_cannot_be_meant_is_refused_by_name(members: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRules) as refused:
        parse_rules([{**STREAK, **members}])
    assert str(refused.value) == said


def test_differences_name_it() -> None:
    plain, meant = parse_rules([STREAK]), parse_rules([{**STREAK, **MEANT}])
    assert differences(plain, meant) == [
        "30: indicator none → b",
        "30: strength normal → strong",
        "30: guidance none → Call the player, and ask how they are.",
    ]


def test_a_terminal_shows_it_in_a_line() -> None:
    [plain, meant] = (parse_rules([{**STREAK, **more}])[0] for more in ({}, MEANT))
    assert meaning(plain) == ""
    assert meaning(meant) == "b patterns of spend, strong: Call the player, and ask how they are."


def test_every_indicator_has_a_letter_and_words() -> None:
    assert "".join(WORDS) == "abcdefg"
