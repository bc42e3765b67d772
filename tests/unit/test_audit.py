"""`make audit`: a package about which nothing is known does not count as free of vulnerabilities."""

import json
import sys
from typing import Protocol

import pytest

from lib.install import audit
from lib.install.audit import main

SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
UNKNOWN = {"name": "click", "skip_reason": "Dependency not found"}
WEAK = {"name": "jinja2", "version": "3.1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["3.1.6"]}]}
UNMENDED = {"name": "idna", "version": "1", "vulns": [{"id": "CVE-2", "fix_versions": []}]}


class Answer(Protocol):
    """Have pip-audit print this."""

    def __call__(self, text: str, *, error: str = "") -> None: ...


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """A stand-in for pip-audit and its installation, which would need the network."""
    monkeypatch.setattr(audit, "has_tool", lambda: True)

    def prints(text: str, *, error: str = "") -> None:
        code = f"import sys; sys.stdout.write({text!r}); sys.stderr.write({error!r}); sys.exit(1)"
        monkeypatch.setattr(audit, "AUDIT", [sys.executable, "-c", code])

    return prints


def report(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


OUTCOMES = [
    ([SOUND], 0, "No vulnerabilities are known in the 1 packages"),
    ([SOUND, UNKNOWN], 2, "not audited: nothing is known about 1 packages"),
    ([UNKNOWN, WEAK, UNMENDED], 1, "jinja2 3.1.0: CVE-1, fixed in 3.1.6"),
]


@pytest.mark.parametrize(("packages", "status", "expected"), OUTCOMES)
def test_the_exit_status_reflects_the_audit(
    answer: Answer, capsys: pytest.CaptureFixture[str], packages: list[object], status: int, expected: str
) -> None:
    answer(report(*packages))
    assert main([]) == status
    assert expected in capsys.readouterr().out
    assert main(["--if-reachable"]) == status % 2, "only not to know is forgiven"


def test_a_missing_network_is_named_as_the_cause(answer: Answer, capsys: pytest.CaptureFixture[str]) -> None:
    answer("", error="Traceback\nConnectionError: no route")
    assert main([]) == 2
    assert "not audited: ConnectionError: no route. Run this where" in capsys.readouterr().out


def test_a_silent_vulnerability_database_is_waited_for_within_a_bound(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "has_tool", lambda: True)
    monkeypatch.setattr(audit, "AUDIT", [sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(audit, "MAX_SECONDS", 0.5)
    assert main([]) == 2
    assert "no answer within" in capsys.readouterr().out
