"""Log lines for people and for machines: ours and those of libraries have one form."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import logging, sys
from lib import logs
logs.configure(*sys.argv[1:])
log = logs.get_logger()
log.debug("unseen")
log.info("event", user_id=1, note="\\ud800")
try:
    raise ValueError("why")
except ValueError:
    log.exception("internal error")
logging.getLogger("a.library").warning("said %s", "this")
logging.getLogger("a.library").debug("unseen")
"""


def lines_of(*arguments: str) -> list[str]:
    """Log in a separate process, since the first configuration stays; return the output."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True)  # noqa: S603
    return done.stderr.splitlines()


def test_json_logs_have_one_object_a_line_with_the_same_members() -> None:
    ours, fault, theirs = (json.loads(line) for line in lines_of("INFO", "json"))
    assert (ours["event"], ours["user_id"], ours["level"]) == ("event", 1, "info")
    assert "ValueError: why" in fault["exception"]
    assert (theirs["event"], theirs["level"]) == ("said this", "warning")
    assert all(line["timestamp"].endswith("Z") for line in (ours, fault, theirs))


def test_the_console_format_has_colours_only_on_terminals() -> None:
    lines = lines_of("INFO", "console")
    assert "event" in lines[0]
    assert "user_id=1" in lines[0]
    assert not any("\x1b" in line or "unseen" in line for line in lines)


def test_the_log_level_is_respected() -> None:
    assert not any('"info"' in line for line in lines_of("WARNING", "json"))


def test_lines_also_go_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "service.log"
    lines = lines_of("INFO", "json", str(file))
    assert file.read_text().splitlines() == lines


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_invalid_unicode_is_logged_all_the_same(log_format: str) -> None:
    assert any("ud800" in line for line in lines_of("INFO", log_format))


HOSTILE = """
import logging, sys
from lib import logs
logs.configure(*sys.argv[1:])
chosen = "/\\x1b[31m\\x00\\r\\nforged\\u202e" + "a" * 65536
logs.get_logger().warning("access refused", path=chosen, errors={"name": [chosen]})
logging.getLogger("_granian").warning("said %s", chosen)
try:
    raise ValueError(chosen)
except ValueError:
    logs.get_logger().exception("request failed", path=chosen)
    logging.getLogger("a.library").exception("failed")
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_client_input_is_escaped_and_cut_in_every_log_line(log_format: str) -> None:
    """A34. Facts, messages of libraries, and tracebacks (the only entries of several lines)."""
    written = subprocess.run(  # noqa: S603  # as above
        [sys.executable, "-c", HOSTILE, "INFO", log_format], capture_output=True, check=True
    ).stderr.decode()
    assert len(written) < 20_000
    assert all(character.isprintable() or character == "\n" for character in written)
    assert not any(line.startswith("forged") for line in written.splitlines())
    assert written.count("x1b[31m") >= 4
    assert "65552 characters" in written
