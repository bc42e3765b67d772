"""Listed values can be typed again, on a narrow terminal and in a pipe: real programs on real terminals."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest
from apiflask import APIFlask

from app.access.controllers import create_key
from app.access.domain import Scope, prefix_of
from tests.integration.conftest import Sql
from tests.integration.servers import MAX_WAIT
from tests.integration.wiring import wiring

EMAIL = "somebody.with.a.rather.long.name@department.of.long.names.example.com"
AUTHOR = "somebody.with.a.rather.long.login.of.the.platform"
widths = pytest.mark.parametrize("columns", [40, None], ids=lambda columns: f"{columns} columns")


def flask(database: str, folder: Path, *words: str, columns: int | None = None) -> str:
    """Run a command, its output a terminal of so many columns (None: a pipe), and return what it printed there."""
    argv = [sys.executable, "-m", "flask", "--app", "app", *words]
    unset = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    environment = {**unset, "DATABASE_URL": database, "PYTHONPATH": str(Path.cwd()), "TERM": "xterm"}
    if columns is None:
        done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
        return done.stdout
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(argv, cwd=folder, env=environment, stdout=theirs, stderr=theirs, stdin=theirs) as running:  # noqa: S603
        os.close(theirs)
        told_so_far = b""
        with suppress(OSError):  # the terminal hangs up when the last program on it has ended
            while chunk := os.read(ours, 65536):
                told_so_far += chunk
        os.close(ours)
        assert running.wait(MAX_WAIT) == 0, told_so_far
    return re.sub(r"\x1b\[[0-9;]*m", "", told_so_far.decode())


@widths
def test_a_listed_prefix_identifies_its_key(app: APIFlask, database: str, tmp_path: Path, columns: int | None) -> None:
    key = create_key(wiring(app).database, "the payments of the platform", list(Scope), None)
    listed = flask(database, tmp_path, "keys", "list", columns=columns)
    assert "…" not in listed
    assert all(scope.value in listed for scope in Scope)
    assert listed.count("(UTC)") == 4
    [shown] = re.findall(r"^[0-9a-f]+", listed, re.MULTILINE)
    assert shown == prefix_of(key)
    assert "is revoked" in flask(database, tmp_path, "keys", "revoke", shown, columns=columns)


@widths
def test_listed_values_are_never_cut(
    app: APIFlask, database: str, sql: Sql, tmp_path: Path, columns: int | None
) -> None:
    sql("INSERT INTO registered_user (user_id, name, email) VALUES (%s, 'A', %s)", 2**63 - 1, EMAIL)
    assert app.test_cli_runner().invoke(args=["rules", "draft", "--edition", "1", "--as", AUTHOR]).exit_code == 0
    users = flask(database, tmp_path, "users", "list", columns=columns)
    assert EMAIL in users
    assert str(2**63 - 1) in users
    assert "(UTC)" in users
    rules = flask(database, tmp_path, "rules", "list", columns=columns)
    assert AUTHOR in rules
    assert rules.count("(UTC)") == 2
    assert "…" not in users + rules
