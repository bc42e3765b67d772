"""docs/security.md and docs/asvs.md: each threat has a test, cited tests and files exist, no requirement is missing."""

import re
from collections import Counter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SECURITY, ASVS = ((REPOSITORY / "docs" / name).read_text() for name in ("security.md", "asvs.md"))
CITED = re.compile(r"`((?:tests|e2e)/[\w/]+\.py)(?:::(\w+))?`")
TESTS = CITED.findall(SECURITY + ASVS)
FAULTS = "`make faults`: [reliability.md](reliability.md)"
OF_THREATS = re.findall(r"^\| threat \| protection \| test \|\n\|[-|]+\n((?:\|.*\n)+)", SECURITY, re.MULTILINE)
THREATS = [row.strip("| ").split(" | ") for table in OF_THREATS for row in table.splitlines()]
FILES = re.findall(r"`((?:app|lib|deploy|docs)/[^`* ]+)`", SECURITY + ASVS)
LINKS = re.findall(r"\]\((?!https:)([^)#]*)(?:#([^)]+))?\)", SECURITY + ASVS)

# The requirements of levels 1 and 2 of ASVS 5.0.0: the last one of each section. All begin with 1 and leave none out.
LAST = """
    1.1.2 1.2.9 1.3.11 1.4.3 1.5.2 2.1.3 2.2.3 2.3.4 2.4.1 3.2.2 3.3.4 3.4.6 3.5.5 3.7.2 4.1.3 4.2.1 4.3.2 4.4.4 5.1.1
    5.2.3 5.3.2 5.4.3 6.1.3 6.2.12 6.3.4 6.4.4 6.5.5 6.6.3 6.8.4 7.1.3 7.2.4 7.3.2 7.4.5 7.5.2 7.6.2 8.1.2 8.2.3 8.3.1
    8.4.1 9.1.3 9.2.4 10.1.2 10.2.2 10.3.4 10.4.11 10.5.5 10.6.2 10.7.3 11.1.2 11.2.3 11.3.3 11.4.4 11.5.1 11.6.1 12.1.3
    12.2.2 12.3.4 13.1.1 13.2.5 13.3.2 13.4.5 14.1.2 14.2.4 14.3.3 15.1.3 15.2.3 15.3.7 16.1.1 16.2.5 16.3.4 16.4.3
    16.5.3 17.1.1 17.2.4 17.3.2
"""
ROWS = [line.split(" | ") for line in ASVS.splitlines() if re.match(r"\| \d+\.\d+\.\d", line)]


def numbers(cell: str) -> list[str]:
    """Return the numbers of a cell such as "1.3.8 to 1.3.10, 1.4.1"."""
    found = re.findall(r"(\d+\.\d+)\.(\d+)(?: to [\d.]+\.(\d+))?", cell)
    return [f"{section}.{no}" for section, first, last in found for no in range(int(first), int(last or first) + 1)]


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_the_pages_cite_tests() -> None:
    assert len(TESTS) > 100
    assert len(THREATS) > 50


@pytest.mark.parametrize("row", THREATS, ids=lambda row: row[0])
def test_each_threat_has_a_protection_and_a_test(row: list[str]) -> None:
    _, protection, tests = row
    assert protection
    assert [each for each in tests.split(", ") if not CITED.fullmatch(each) and each != FAULTS] == []


@pytest.mark.parametrize(("file", "test"), sorted(set(TESTS)), ids=lambda named: named or "all")
def test_every_cited_test_exists(file: str, test: str) -> None:
    begins = f"def {test}(" if test else "def test_"
    assert any(line.startswith(begins) for line in (REPOSITORY / file).read_text().splitlines())


def test_every_cited_file_and_heading_exists() -> None:
    assert [file for file in FILES if not (REPOSITORY / file).exists()] == []
    for page, heading in LINKS:
        linked = (REPOSITORY / "docs" / page).resolve() if page else REPOSITORY / "docs/security.md"
        assert not heading or heading in anchors(linked.read_text()), (page, heading)
        assert linked.exists(), page


def test_every_requirement_of_levels_1_and_2_has_one_line() -> None:
    ends = [last.rpartition(".") for last in LAST.split()]
    wanted = [f"{section}.{no}" for section, _, last in ends for no in range(1, int(last) + 1)]
    assert Counter(number for row in ROWS for number in numbers(row[0])) == Counter(wanted)


def test_the_states_are_counted() -> None:
    counts = Counter(state for first, _, _, state, *_ in ROWS for _ in numbers(first))
    told = re.findall(r"^\| ([a-z/]+) \| (\d+) \|", ASVS, re.MULTILINE)
    assert {state: int(count) for state, count in told} == counts
    assert f"{counts['no']} requirements" in SECURITY
    assert f"{counts['partly']} as partly met" in SECURITY
