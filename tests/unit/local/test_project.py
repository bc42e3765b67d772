"""project: the facts come from pyproject.toml, or a line says what is missing."""

from pathlib import Path

import pytest

from lib.local.errors import LocalError
from lib.local.project import read_project

REPOSITORY = Path(__file__).parents[3]


def test_this_project_can_be_read() -> None:
    project = read_project(REPOSITORY)
    assert project.root == REPOSITORY
    assert project.database.isidentifier()


def test_two_checkouts_use_two_outside_folders(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        (folder / "pyproject.toml").write_text((REPOSITORY / "pyproject.toml").read_text())
    assert len({read_project(folder).outside for folder in folders}) == 2


def test_a_folder_without_a_project_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"no pyproject\.toml"):
        read_project(tmp_path)


def test_a_missing_fact_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.local]\nname = 'x'\n")
    with pytest.raises(LocalError, match="lacks 'service'"):
        read_project(tmp_path)
