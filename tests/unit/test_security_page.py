"""docs/security.md: every test that it cites exists."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
NAMED = re.findall(r"`((?:tests|e2e)/[\w/]+\.py)(?:::(\w+))?`", (REPOSITORY / "docs/security.md").read_text())


def test_the_page_cites_tests() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda named: named or "all")
def test_every_cited_test_exists(file: str, test: str) -> None:
    begins = f"def {test}(" if test else "def test_"
    assert any(line.startswith(begins) for line in (REPOSITORY / file).read_text().splitlines())
