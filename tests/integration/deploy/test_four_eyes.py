"""Publishing with four eyes, the whole way: as docs/deploy.md prints it, and as the messages lead."""

import json
import re
import shlex
import urllib.request
from pathlib import Path

import pytest

from lib.probe import fault_after
from tests.integration.conftest import Sql
from tests.integration.deploy.release import REPOSITORY, Release
from tests.integration.servers import MAX_WAIT, Serve

PAGE = (REPOSITORY / "docs/deploy.md").read_text(encoding="utf-8")
SETTINGS = {"ENV": "production", "ACCESS": "keys", "FOUR_EYES": "true", "LOG_LEVEL": "ERROR"}
ADDRESS = "SERVICE=https://alerts.example.com\n"
BOOK = "SELECT edition, status::text, author, published_by FROM rule_book ORDER BY edition"
CURL = re.compile(r"curl .*$", re.MULTILINE)


def commands_shown(heading: str) -> str:
    """Return the commands under a heading of the page."""
    [section] = re.findall(rf"^## {heading}\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    return "\n".join(re.findall(r"```bash\n(.*?)```", section, re.DOTALL))


@pytest.fixture
def release(database: str, tmp_path: Path) -> Release:
    return Release(tmp_path / "release", DATABASE_URL=database, **SETTINGS)


@pytest.fixture
def address(serve: Serve, port: int) -> str:
    """The address of a service with keys and four eyes."""
    serve(**SETTINGS)
    assert fault_after(MAX_WAIT, "127.0.0.1", port, "/health/ready") == ""
    return f"http://127.0.0.1:{port}"


def test_the_page_shows_the_whole_way(release: Release, address: str, sql: Sql, tmp_path: Path) -> None:
    shown = commands_shown("Four eyes")
    assert ADDRESS in shown
    done = release.shell(shown.replace(ADDRESS, f"SERVICE={address}\n"), tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    keys = [prefix for (prefix,) in sql("SELECT prefix FROM api_key ORDER BY created_at")]
    ann, ben = (f"key:{prefix} {name}" for prefix, name in zip(keys, ("ann", "ben"), strict=True))
    assert [(edition, status, by) for edition, status, _, by in sql(BOOK)] == [
        (1, "live", ben),
        (2, "draft", None),
        (3, "retired", ben),
    ]
    assert [author for _, _, author, _ in sql(BOOK)][2] == ann
    assert "1100: description a withdraw above 100 → a withdraw above 150" in done.stdout
    over = sql("SELECT edition, published_over FROM rule_book_audit WHERE step = 'publish' ORDER BY id")
    assert over == [(1, None), (3, 1), (1, 3)]


def test_the_messages_lead_from_the_first_command_to_the_last(
    release: Release, address: str, sql: Sql, tmp_path: Path
) -> None:
    """Not in a circle: each refusal names the next possible step, and the last one publishes."""
    scopes = "--scope rules:write --scope rules:publish"
    keys = [f"keys create --name {name} --owner {name} {scopes}" for name in ("ann", "ben")]
    ann, ben = (release.shell(f"sudo -u activity activity-alerts {words}", tmp_path).stdout.strip() for words in keys)

    def commanded(words: str) -> str:
        """Do a command; the line for a shell that its message names."""
        done = release.shell(f"sudo -u activity activity-alerts rules {words}", tmp_path)
        [named] = CURL.findall(done.stdout + done.stderr)
        assert "docs/deploy.md, Four eyes" in done.stdout + done.stderr
        return str(named)

    def pasted(named: str, key: str) -> "dict[str, object]":
        """Do what a message named; the answer."""
        done = release.shell(f"{named} -sS", tmp_path, SERVICE=address, KEY=key)
        return dict(json.loads(done.stdout))

    assert commanded("draft --edition 1") == commanded("shadow 2") == commanded("publish 2"), "one and the same step"
    assert pasted(commanded("publish 2"), ann)["edition"] == 3
    refused = pasted(commanded("publish 3"), ann)
    assert refused["status"] == 403
    named = re.fullmatch(
        r"FOUR_EYES: key:.* ann wrote edition 3; .* another key .*: (POST) (/\S+)", str(refused["detail"])
    )
    assert named
    request = urllib.request.Request(  # noqa: S310 - http, on this machine
        address + named[2], method=named[1], headers={"Authorization": f"Bearer {ben}"}
    )
    with urllib.request.urlopen(request, timeout=MAX_WAIT) as answer:  # noqa: S310 - as above
        assert json.load(answer)["status"] == "live"
    assert [(edition, status) for edition, status, *_ in sql(BOOK)] == [(1, "retired"), (2, "shadow"), (3, "live")]


@pytest.mark.parametrize(
    ("called", "named"),
    [
        ("sudo -u activity activity-alerts", "sudo -u {user} activity-alerts"),
        ("activity-alerts", "activity-alerts"),
        ("{release}/deploy/systemd/activity-alerts", "{release}/deploy/systemd/activity-alerts"),
    ],
)
def test_a_message_names_a_command_as_it_was_typed(release: Release, tmp_path: Path, called: str, named: str) -> None:
    user = release.shell("id -un", tmp_path).stdout.strip()
    typed = called.format(release=shlex.quote(str(release.current)))
    done = release.shell(f"{typed} keys revoke 0123456789ab", tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith(f": {named.format(user=user, release=release.current)} keys list\n"), done.stderr


def test_a_usage_error_names_the_command_as_typed_here(release: Release, tmp_path: Path) -> None:
    done = release.shell("activity-alerts rulez", tmp_path)
    assert (done.returncode, "Try 'activity-alerts --help' for help." in done.stderr) == (2, True)
