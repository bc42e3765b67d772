"""Does what the README shows, word for word: runs its `sh` blocks in order and compares the answers it shows.

Then those of pages in docs/, in an order in which each finds what the ones before have done. `python -m e2e.readme`,
from the top of a checkout. Ends with status 1 at the first command that fails or answers something else. Commands that
wait for somebody (`make logs`), need Docker or remove data stand outside such blocks.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rich.console import Console

PAGES = (
    "README.md",
    "docs/rule-book.md",
    "docs/corrections.md",
    "docs/console.md",
    "docs/commands.md",
    "docs/code.md",
)
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
MAX_WAIT = 3600  # seconds that one block may take; all tests are in one, and a machine may be busy


@dataclass(frozen=True, slots=True)
class Step:
    """A block of commands and the output that the page shows; None if it shows none."""

    commands: str
    shown: str | None


def steps(page: str) -> Iterator[Step]:
    """Pair each block of commands with the block of JSON that follows it, if one does."""
    blocks = [*BLOCK.findall(page), ("", "")]
    for (language, text), (next_language, next_text) in pairwise(blocks):
        if language == "sh":
            yield Step(text, next_text if next_language == "json" else None)


def run(step: Step, console: Console) -> bool:
    """Run the commands as a reader would type them, and say whether all went as shown."""
    console.rule(step.commands.splitlines()[0], align="left")
    output = subprocess.PIPE if step.shown is not None else None
    done = subprocess.run(  # noqa: S603  # our pages
        ["/bin/bash", "-e", "-o", "pipefail", "-c", step.commands],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=output,
        text=True,
        timeout=MAX_WAIT,
    )
    if done.returncode != 0:
        console.print(f"ended with status {done.returncode}", style="red")
        return False
    if step.shown is not None and done.stdout.strip() != step.shown.strip():
        console.print(f"answered {done.stdout!r}\nthe page shows {step.shown!r}", style="red", markup=False)
        return False
    return True


def main() -> int:
    """Run all steps of all pages until one does not go as shown."""
    console = Console(stderr=True, highlight=False)
    for page in PAGES:
        if not all(run(step, console) for step in steps(Path(page).read_text(encoding="utf-8"))):
            console.print(f"Mend {page} or what it describes.", style="red")
            return 1
    console.print("README and docs/ do as they say.", style="green")
    return 0


if __name__ == "__main__":
    sys.exit(main())
