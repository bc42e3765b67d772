"""docs/security.md: every threat has a test, and every test that it cites exists."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs/security.md").read_text()
CITED = re.compile(r"`((?:tests|e2e)/[\w/]+\.py)(?:::(\w+))?`")
NAMED = CITED.findall(PAGE)
ROWS = re.findall(r"^\| (?!threat |---)(.+?) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
FAULTS = "`make faults`: [reliability.md](reliability.md)"


def test_the_page_lists_threats() -> None:
    assert len(ROWS) == sum(line.startswith("| ") for line in PAGE.splitlines()) - PAGE.count("| threat |")
    assert len(ROWS) > 50


@pytest.mark.parametrize(("threat", "protection", "tests"), ROWS, ids=[threat for threat, _, _ in ROWS])
def test_each_threat_has_a_protection_and_a_test(threat: str, protection: str, tests: str) -> None:
    assert threat
    assert protection
    cited = [each for each in tests.split(", ") if CITED.fullmatch(each) or each == FAULTS]
    assert ", ".join(cited) == tests


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda named: named or "all")
def test_every_cited_test_exists(file: str, test: str) -> None:
    begins = f"def {test}(" if test else "def test_"
    assert any(line.startswith(begins) for line in (REPOSITORY / file).read_text().splitlines())
