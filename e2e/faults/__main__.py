"""Runs all faults: `python -m e2e.faults`, from the top of a checkout. Ends with status 1 when a promise is broken.

The service of the checkout and its data are left alone, and nothing is left behind, not after Ctrl-C either. With
words as arguments (`python -m e2e.faults SIGTERM disk`), only the faults that one of them names, and no page.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from e2e.faults import page, report
from e2e.faults.run import Run
from e2e.signals import INTERRUPTED, end_on_signal

MAX_RUN_TIME = 1500  # seconds; far above what it takes, so that nothing can hang for ever


def main(words: Sequence[str]) -> int:
    """Run and show; write docs/reliability.md when nothing was left out by `words`."""
    console = Console(highlight=False)
    run = Run(
        checkout=Path.cwd(),
        console=console,
        wanted=lambda scenario: not words or any(word in scenario.name for word in words),
    )
    end_on_signal(MAX_RUN_TIME)
    try:
        notes = run.all_faults()
    except KeyboardInterrupt as interrupt:
        console.print(f"ended by {interrupt}; nothing was left behind")
        return INTERRUPTED
    console.print(report.table(notes.rows))
    console.print(*(f"FAILED: {error}" for error in notes.failed), sep="\n", markup=False, soft_wrap=True)
    if not words and not notes.failed:
        page.write(run.checkout, notes)
    return 1 if notes.failed or any(row.complaints for row in notes.rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
