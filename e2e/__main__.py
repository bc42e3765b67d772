"""Runs the tests over HTTP: `python -m e2e`, from the top of a checkout.

Words are arguments of pytest, such as `-k name` or a file. The tests get a service and a database of their own, and all
that they stored is judged again at the end; nothing is left behind, not after Ctrl-C either. Where E2E_URL names
another service, they store in that one.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from e2e.signals import INTERRUPTED, end_on_signal
from e2e.site import Site, SiteError, new_site
from e2e.target import STORED, unusable_reason

MAX_RUN_TIME = 1200  # seconds; far above what it takes, so that nothing can hang for ever
# Two files at a time, but for those that need the service alone. Of a choice, as it is told.
WHOLE = (("-m", "not alone", "-n", "2", "--dist", "loadfile"), ("-m", "alone"))

console = Console(stderr=True, highlight=False, soft_wrap=True)


def main(words: Sequence[str]) -> int:
    """Run the tests; the status is pytest's, or 1 where the service failed."""
    end_on_signal(MAX_RUN_TIME)
    url = os.environ.get("E2E_URL")
    try:
        return on_another_service(url, words) if url else on_a_service_of_our_own(words)
    except SiteError as error:
        console.print(f"FAILED: {error}", markup=False)
        return 1
    except KeyboardInterrupt as interrupt:
        console.print(f"ended by {interrupt or 'SIGINT'}; nothing was left behind", markup=False)
        return INTERRUPTED


def on_another_service(url: str, words: Sequence[str]) -> int:
    if reason := unusable_reason():
        console.print(f"error: {reason}", markup=False)
        return 2
    console.print(f"Storing {STORED} at {url}, for good.", markup=False)
    return run_tests(url, words)


def on_a_service_of_our_own(words: Sequence[str]) -> int:
    with new_site(Path.cwd(), name="e2e") as site:
        console.print("Starting a service with a database of its own; the data of this checkout is left alone.")
        try:
            site.start()
            status = run_tests(site.address, words)
            if status == 0:
                verify(site)
        except SiteError:
            console.print(f"its logs: {site.keep_logs()}/e2e-*.log", markup=False)
            raise
        if status != 0:
            console.print(f"the logs of its service: {site.keep_logs()}/e2e-*.log", markup=False)
        return status


def run_tests(url: str, words: Sequence[str]) -> int:
    """Run all tests, or those that the words choose; return the first status that is not 0."""
    environment = {**os.environ, "E2E_URL": url}
    folder = () if any(word.startswith("e2e/") for word in words) else ("e2e",)
    for part in (words,) if words else WHOLE:
        command = [sys.executable, "-m", "pytest", *folder, *part]
        if status := subprocess.run(command, env=environment, check=False).returncode:  # noqa: S603 - ours
            return status
    return 0


def verify(site: Site) -> None:
    """Have all that the tests stored judged again, the day of play among it; raises `SiteError` where any differs."""
    console.print("rules verify, on all that the tests stored:")
    console.print(site.verify().strip(), markup=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
