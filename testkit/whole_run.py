"""`python -m testkit.whole_run PYTEST-ARGUMENTS`: all tests beside each other, then the few that failed again, alone.

On a machine that others use too, a test that waits for something may wait in vain beside two others. What fails alone
has failed; what passes alone is named, for it has to be mended.
"""

import subprocess
import sys
from collections.abc import Sequence

FAILED = 1  # pytest's exit status if tests have failed, or their coverage
MOST = 10  # tests; more than these are no accident
ALONE = ("--last-failed", "--last-failed-no-failures=none", f"--maxfail={MOST}", "--no-cov", "-v")
COUNTED = ("--last-failed", "--last-failed-no-failures=none", "--collect-only", "--no-cov", "-q", "-q")


def main(arguments: Sequence[str]) -> int:
    """Run the tests; return pytest's exit status, 0 as well if those that failed have passed alone."""
    status = _pytest(arguments)
    if status != FAILED:
        return status
    failed = _failed()
    if not 0 < sum(failed.values()) <= MOST:  # none: coverage is too low
        return status
    _say(f"failed beside others, so run again alone: {sum(failed.values())} in {', '.join(failed)}")
    status = _pytest(ALONE)
    if status == 0:
        _say("passed alone: mend what made them fail beside others")
    return status


def _say(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()


def _pytest(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode  # noqa: S603  # ours


def _failed() -> dict[str, int]:
    """Return how many tests have failed, by file."""
    listed = subprocess.run(  # noqa: S603  # as above
        [sys.executable, "-m", "pytest", *COUNTED], check=False, capture_output=True, text=True
    )
    lines = (line.rpartition(": ") for line in listed.stdout.splitlines())
    return {file: int(number) for file, _, number in lines if file.endswith(".py") and number.isdecimal()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
