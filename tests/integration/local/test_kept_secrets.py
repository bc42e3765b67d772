"""kept_secrets: a secret is made once, whole, for its owner only, unless the user sets one."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from lib.local.kept_secrets import keep_secrets
from lib.local.project import Project, read_project
from lib.local.settings import program_environment, read_settings
from lib.local.terminal import LocalError


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return replace(read_project(Path.cwd()), root=tmp_path, secrets={"HOOK_KEY": "var/hook.key"})


def test_a_secret_is_made_once_and_read_by_its_owner_only(project: Project, tmp_path: Path) -> None:
    settings = read_settings(tmp_path, {})
    file = tmp_path / "var" / "hook.key"
    assert keep_secrets(project, settings) == {"HOOK_KEY_FILE": str(file)}
    secret = file.read_text()
    assert len(secret.strip()) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keep_secrets(project, settings)
    assert file.read_text() == secret
    assert [path.name for path in file.parent.iterdir()] == ["hook.key"], "no draft is left"
    assert program_environment(project, settings, None)["HOOK_KEY_FILE"] == str(file)


def test_commands_that_start_together_get_one_secret(project: Project, tmp_path: Path) -> None:
    settings, file = read_settings(tmp_path, {}), tmp_path / "var" / "hook.key"

    def make(_: int) -> str:
        keep_secrets(project, settings)
        return file.read_text()

    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(make, range(64)))
    assert len(found) == 1
    assert len(found.pop().strip()) >= 32


@pytest.mark.parametrize("given", [{"HOOK_KEY": "mine"}, {"HOOK_KEY_FILE": "/elsewhere"}])
def test_the_users_own_secret_takes_precedence(project: Project, tmp_path: Path, given: dict[str, str]) -> None:
    settings = read_settings(tmp_path, given)
    assert keep_secrets(project, settings) == {}
    assert not (tmp_path / "var").exists()


def test_a_secret_that_cannot_be_written_is_named(project: Project, tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(LocalError, match=r"cannot write .*hook\.key"):
        keep_secrets(project, read_settings(tmp_path, {}))
