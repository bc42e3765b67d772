"""Every assumption is cited where it is implemented and where it is tested."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ID = re.compile(r"\bA\d+\b")
ROWS = re.findall(r"^\| (A\d+) \|", Path("ASSUMPTIONS.md").read_text(encoding="utf-8"), re.MULTILINE)


def cited(*folders: str) -> Iterator[str]:
    for folder in folders:
        for path in Path(folder).rglob("*.py"):
            yield from ID.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("places", [("app", "lib"), ("testkit", "tests", "e2e")], ids=["built", "tested"])
def test_every_assumption_is_cited(places: tuple[str, ...]) -> None:
    assert sorted(set(ROWS) - set(cited(*places))) == []


def test_no_other_assumption_is_cited() -> None:
    assert sorted(set(cited("app", "lib", "testkit", "tests", "e2e")) - set(ROWS)) == []


def test_the_assumptions_are_numbered_in_order() -> None:
    assert [f"A{number}" for number in range(1, len(ROWS) + 1)] == ROWS
