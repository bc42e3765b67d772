"""`python -m lib.install.audit`: does any package that the service needs have known vulnerabilities?

Exit status 0: none known. 1: some, each listed with the versions that fix it. 2: the check failed; with
`--if-reachable`, for machines that reach only a package index, this is reported, but the status is 0.

It runs pip-audit, which brings its own pip and so has its own virtual environment and lock file.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.install.index import pip_settings, uv_options
from lib.install.packages import UV
from lib.install.steps import LOG, step

LOCK, TOOL_LOCK = "requirements.txt", "requirements-audit.txt"
TOOL = Path("var/audit")
PYTHON = TOOL / "bin/python"
MAX_SECONDS = 180
# Audit the lock file as it is, without resolving anything.
AUDIT = [str(PYTHON), "-m", "pip_audit", "--requirement", LOCK, "--require-hashes", "--disable-pip"]
REPORT = ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
NOT_AUDITED = (
    "not audited: {}. Run this where the database of vulnerabilities can be reached,"
    " or give {} to a scanner of your own"
)


@dataclass(frozen=True, slots=True)
class Audit:
    """The result: the number of audited packages, the names of skipped ones, and the vulnerabilities found."""

    audited: int
    skipped: list[str]
    vulnerabilities: list[str]


def read_report(text: str) -> Audit:
    """Parse the JSON of pip-audit; raises `ValueError` if it is not JSON."""
    report: dict[str, Any] = json.loads(text)
    packages = report["dependencies"]
    return Audit(
        audited=sum("skip_reason" not in package for package in packages),
        skipped=[package["name"] for package in packages if "skip_reason" in package],
        vulnerabilities=[
            f"{package['name']} {package['version']}: {found['id']}, fixed in {_fixed_in(found)}"
            for package in packages
            for found in package.get("vulns", ())
        ],
    )


def _fixed_in(found: dict[str, Any]) -> str:
    return ", ".join(found["fix_versions"]) or "no version yet"


def conclude(audit: Audit) -> tuple[int, list[str]]:
    """Return the exit status and the lines to print."""
    if audit.vulnerabilities:
        return 1, [*audit.vulnerabilities, f"Upgrade them: make lock ARGS=--upgrade, then review {LOCK}"]
    if audit.skipped:
        return 2, [NOT_AUDITED.format(f"nothing is known about {len(audit.skipped)} packages", LOCK)]
    return 0, [f"No vulnerabilities are known in the {audit.audited} packages of {LOCK}."]


def has_tool() -> bool:
    """Make pip-audit's environment unless it is up to date with its lock file; return whether it is there."""
    stamp = TOOL / "made.stamp"
    if PYTHON.exists() and stamp.exists() and stamp.stat().st_mtime >= Path(TOOL_LOCK).stat().st_mtime:
        return True
    stamp.unlink(missing_ok=True)
    uv = [str(UV), "--no-config", "--no-progress", "--no-python-downloads"]
    options = [*uv_options(pip_settings()), "--python", str(PYTHON), "--no-deps", "--require-hashes", "-r", TOOL_LOCK]
    made_venv = step(f"Making {TOOL}", [*uv, "venv", "--clear", "--python", sys.executable, str(TOOL)])
    if made_venv and step(f"Installing {TOOL_LOCK}", [*uv, "pip", "install", *options]):
        stamp.touch()
    return stamp.exists()


def audit_lock() -> tuple[int, list[str]]:
    """Audit each package of the lock file; return the exit status and the lines to print."""
    if not has_tool():
        return 2, [NOT_AUDITED.format(f"{TOOL} could not be made, see {LOG}", LOCK)]
    try:
        done = subprocess.run([*AUDIT, *REPORT], capture_output=True, text=True, timeout=MAX_SECONDS, check=False)
        return conclude(read_report(done.stdout))
    except subprocess.TimeoutExpired:
        cause = f"no answer within {MAX_SECONDS} s"
    except ValueError:
        cause = (done.stderr.strip().splitlines() or [f"pip-audit ended with {done.returncode}"])[-1]
    return 2, [NOT_AUDITED.format(cause, LOCK)]


def main(arguments: list[str]) -> int:
    """Print the result; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lib.install.audit")
    parser.add_argument("--if-reachable", action="store_true", help="exit with 0 if the audit is impossible")
    if_reachable = parser.parse_args(arguments).if_reachable
    status, lines = audit_lock()
    print(*lines, sep="\n")
    return 0 if status == 2 and if_reachable else status  # noqa: PLR2004  # as above


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
