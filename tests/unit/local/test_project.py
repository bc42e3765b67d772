"""project: the table of pyproject.toml is read, or an error says what is missing."""

from dataclasses import replace
from pathlib import Path

import pytest

from lib.local.project import read_project
from lib.local.settings import program_environment, read_settings
from lib.local.terminal import LocalError

REPOSITORY = Path(__file__).parents[3]


def test_this_project_can_be_read() -> None:
    project = read_project(REPOSITORY)
    assert project.root == REPOSITORY


def test_two_checkouts_have_different_outside_folders(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        (folder / "pyproject.toml").write_text((REPOSITORY / "pyproject.toml").read_text())
    assert len({read_project(folder).outside for folder in folders}) == 2


def test_a_folder_without_a_project_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"no pyproject\.toml"):
        read_project(tmp_path)


def test_a_missing_or_unknown_field_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.local]\nname = 'x'\n")
    with pytest.raises(LocalError, match="'programs'"):
        read_project(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.local]\nname = 'x'\ncolour = 'red'\n")
    with pytest.raises(LocalError, match="'colour'"):
        read_project(tmp_path)


def test_the_environment_of_the_programs_is_optional(tmp_path: Path) -> None:
    paths = "docs_path = ''\nalive_path = ''\nsample_path = ''\nsample_json = ''\n"
    table = f"[tool.local]\nname = 'x'\nprograms = {{ service = [] }}\nmigrate = []\nnotice = []\n{paths}"
    (tmp_path / "pyproject.toml").write_text(table)
    assert read_project(tmp_path).environment == {}
    (tmp_path / "pyproject.toml").write_text(f"{table}environment = {{ MOOD = 'calm' }}\n")
    assert read_project(tmp_path).environment == {"MOOD": "calm"}


def test_the_user_s_variables_take_precedence_over_the_project_s(tmp_path: Path) -> None:
    project = replace(read_project(REPOSITORY), environment={"MOOD": "calm", "PLACE": "var/place"})
    settings = read_settings(tmp_path, {"MOOD": "cross"})
    told = program_environment(project, settings, None)
    assert (told["MOOD"], told["PLACE"]) == ("cross", "var/place")
