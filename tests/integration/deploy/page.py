"""What docs/deploy.md prints, as it is printed: so that the page cannot rot."""

import re
from pathlib import Path

PAGE = Path("docs/deploy.md")
SECTION = r"^#+ {heading}\n(.*?)(?=^#+ |\Z)"
BLOCK = r"^```{language}\n(.*?)^```$"


def blocks(heading: str, language: str = "bash") -> list[str]:
    """Return the blocks of a language directly under a heading, in order."""
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(SECTION.format(heading=re.escape(heading)), page, re.DOTALL | re.MULTILINE)
    assert found, f"{PAGE} has no section {heading}"
    return re.findall(BLOCK.format(language=language), found[1], re.DOTALL | re.MULTILINE)


def line_with(words: str) -> str:
    """Return the one line of the page that holds these words."""
    [line] = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if words in line]
    return line
