"""A whole run of the tests: what fails beside others is run again alone, and decides."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PASSES_SECOND = (
    "import pathlib\ndef test_it():\n    p = pathlib.Path('seen'); had = p.exists(); p.touch(); assert had\n"
)
GOOD, BAD = "def test_good(): pass\n", "def test_bad(): assert False\n"
MANY = "import pytest\n@pytest.mark.parametrize('n', range(11))\ndef test_many(n): assert False\n"


def run(folder: Path, *arguments: str, **files: str) -> tuple[int, str]:
    """Run these files of tests, two at a time; return the exit status and what was printed."""
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", "testkit.whole_run", "-n", "2", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout


def test_what_passes_alone_is_named_and_passes(tmp_path: Path) -> None:
    status, said = run(tmp_path, slow=PASSES_SECOND, good=GOOD)
    assert status == 0, said
    assert "failed beside others, so run again alone: 1 in test_slow.py" in said
    assert said.rstrip().endswith("passed alone: mend what made them fail beside others")


@pytest.mark.parametrize("files", [{"bad": BAD, "slow": PASSES_SECOND}, {"many": MANY}, {"none": "x = 1 / 0\n"}])
def test_what_fails_alone_fails(tmp_path: Path, files: dict[str, str]) -> None:
    status, said = run(tmp_path, good=GOOD, **files)
    assert status != 0, said
    assert "passed alone" not in said


def test_too_little_coverage_fails(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("def never():\n    return 1\n")
    status, said = run(tmp_path, "--cov=code", "--cov-fail-under=95", good="import code as c\n" + GOOD)
    assert status != 0, said
    assert "run again" not in said
