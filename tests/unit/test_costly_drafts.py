"""Input that is costly to parse is refused before parsing, in every format of rules.

No time is measured here: what costs the square is told by what it grows like, so each is made ten times as long as what
took seconds, and is refused, or read, all the same.
"""

import json

import pytest

from app.rulebook.drafts import parse_draft
from app.rulebook.forms import InvalidRules
from app.rulebook.toml import MAX_FILE, MAX_PARTS, parse_toml
from lib.json_requests import GivenTwice, MalformedJson, read_object
from tests.edition_1 import WRITTEN

MANY = 60_000  # parts: 120 KB, of which 0.1 took 41 s to read
DOTTED = {
    "a dotted key": ".".join("a" * MANY) + " = 1",
    "with spaces": " . ".join("a" * MANY) + " = 1",
    "of quoted parts": ".".join(['"a"'] * MANY) + " = 1",
    "of parts in single quotes": ".".join(["'a.b'"] * 40_000) + " = 1",
    "a heading": f"[{'.'.join('a' * MANY)}]",
    "a heading of several tables": f"[[{'.'.join('a' * MANY)}]]",
    "within a table": "a = { " + ".".join("b" * MANY) + " = 1 }",
    "after a string of quotes": 'x = "\\""\n' + ".".join("a" * MANY) + " = 1",
    "after a comment with a quote": '# "\n' + ".".join("a" * MANY) + " = 1",
    "after an empty string": "x = ''\ny = \"\"\n" + ".".join("a" * MANY) + " = 1",
    "after a long string": 'x = """a"b"""\n' + ".".join("a" * MANY) + " = 1",
}


@pytest.mark.parametrize("text", DOTTED.values(), ids=DOTTED)
def test_a_deeply_dotted_key_is_refused_before_parsing(text: str) -> None:
    with pytest.raises(InvalidRules, match=rf"file: Has a name of more than {MAX_PARTS} parts"):
        parse_toml(text)


def test_dots_outside_of_keys_are_unlimited() -> None:
    large = {**WRITTEN[3], "description": "." * 400}
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in large.items())
    dots = " . ".join("a" * 1000)
    text = f"# {dots}\nbased_on = 1\n[[rules]] # {dots}\n{lines}\n".replace('"100.00"', "100.00 # a.b.c.d.e.f.g.h.i.j")
    [rule] = parse_toml(text).rules
    assert rule.description == "." * 400


def test_a_file_longer_than_any_valid_edition_is_refused() -> None:
    with pytest.raises(InvalidRules, match="file: Is longer than 262,144 characters; draft the rules you need"):
        parse_toml("#" * (MAX_FILE + 1))


def test_the_largest_valid_edition_fits_into_a_file() -> None:
    rule = {**WRITTEN[3], "name": "n" * 100, "description": "d" * 500}
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in rule.items() if name != "code")
    text = "\n".join(f"[[rules]]\ncode = {code}\n{lines}" for code in range(1, 101))
    assert len(parse_toml(text).rules) == 100


BEYOND = {
    "rules": "[[rules]]\n" * 25_000,
    "tables": "".join(f"[a{n}]\n" for n in range(25_000)),
    "an integer": f"[[rules]]\ncode = {'9' * 250_000}",
    "an integer in hex": f"[[rules]]\ncode = 0x{'f' * 250_000}",
    "an array": f"rules = [{'1,' * 120_000}]",
    "nested arrays": f"rules = {'[' * 125_000}",
    "nested tables": "rules = " + "{a=" * 80_000,
    "a string without an end": '"""' + '\\"' * 120_000,
    "quotes": '"' * 250_000,
    "single quotes": "'" * 250_000,
}


@pytest.mark.parametrize("text", BEYOND.values(), ids=BEYOND)
def test_other_oversized_content_is_refused(text: str) -> None:
    with pytest.raises(InvalidRules):
        parse_toml(text)


def body(rules: str) -> bytes:
    return f'{{"rules": {rules}}}'.encode()


def read_body(sent: bytes) -> object:
    return parse_draft(read_object(sent)["rules"])


JSON = {
    "rules": body("[" + "{}," * 16_000 + "{}]"),
    "nested": body("[" * 24_000 + "]" * 24_000),
    "an integer": body(f'[{{"code": {"9" * 48_000}}}]'),
    "a member often": body("[{" + '"a":1,' * 8_000 + '"a":1}]'),
    "unknown members": body("[{" + ",".join(f'"a{n}":1' for n in range(4_500)) + "}]"),
    "a list in a rule": body('[{"code": 1, "kind": "streak", "evaluated_on": [' + "1," * 20_000 + "1]}]"),
    "many lists in rules": body(
        "[" + ",".join('{"kind":"streak","evaluated_on":[' + "1," * 200 + "1]}" for _ in range(100)) + "]"
    ),
}


@pytest.mark.parametrize("sent", JSON.values(), ids=JSON)
def test_an_oversized_body_of_any_shape_is_refused(sent: bytes) -> None:
    with pytest.raises((InvalidRules, MalformedJson, GivenTwice)) as refused:
        read_body(sent)
    assert len(str(refused.value)) < 10_000
