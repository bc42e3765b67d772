"""Writing a report into a folder that others may write to (docs/security.md): never through a link."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

import click
import pytest

from app.backtest import cli, files

SOMEBODY = 65534


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder as /tmp is."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_a_link_in_place_of_the_temporary_file_is_not_followed(shared: Path, tmp_path: Path) -> None:
    """The name was that of the process: `.report.` and its number."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    precious.chmod(0o600)
    (shared / f".report.{os.getpid()}").symlink_to(precious)
    cli.write(str(shared / "page.html"), "<p>")
    assert (precious.read_text(), S_IMODE(precious.stat().st_mode)) == ("mine", 0o600)
    assert (shared / "page.html").read_text() == "<p>"
    assert not (shared / "page.html").is_symlink()


def test_the_temporary_file_is_private_with_an_unguessable_name(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = os.open

    def seen(path: Path, flags: int, mode: int = 0o777) -> int:
        opened.append((Path(path).name, flags, mode))
        return real(path, flags, mode)

    with monkeypatch.context() as watched:
        watched.setattr(os, "open", seen)
        for _ in range(2):
            files.replace(shared / "page.html", "<p>")
    (one, flags, mode), (other, *_) = opened
    assert one != other
    assert mode == 0o600
    assert flags & os.O_EXCL
    assert flags & os.O_NOFOLLOW


@pytest.mark.usefixtures("umask")
def test_a_new_file_respects_the_umask(shared: Path) -> None:
    cli.write(str(shared / "page.html"), "<p>")
    assert S_IMODE((shared / "page.html").stat().st_mode) == 0o640


def test_a_pipe_of_the_shell_is_written_into() -> None:
    reader, writer = os.pipe()
    cli.write(f"/dev/fd/{writer}", "<p>")
    os.close(writer)
    with os.fdopen(reader) as output:
        assert output.read() == "<p>"


def test_circular_links_are_reported(shared: Path) -> None:
    (shared / "page.html").symlink_to(shared / "page.html")
    with pytest.raises(click.ClickException, match="Too many levels of symbolic links"):
        cli.write(str(shared / "page.html"), "<p>")


@pytest.mark.root
@pytest.mark.usefixtures("umask")
def test_permissions_are_not_taken_from_a_file_of_another_user(shared: Path) -> None:
    page = shared / "page.html"
    page.write_text("bait")
    page.chmod(0o666)
    os.chown(page, SOMEBODY, SOMEBODY)
    cli.write(str(page), "<p>")
    assert (page.stat().st_uid, S_IMODE(page.stat().st_mode)) == (os.geteuid(), 0o640)


@pytest.mark.root
@pytest.mark.parametrize("bait", ["link", "link by way of ours", "pipe"])
def test_a_link_or_pipe_of_another_user_is_refused_before_and_after_the_work(
    shared: Path, tmp_path: Path, bait: str
) -> None:
    precious, page, theirs = tmp_path / "precious", shared / "page.html", shared / "theirs"
    precious.write_text("mine")
    if bait == "pipe":
        os.mkfifo(page)
        os.chown(page, SOMEBODY, SOMEBODY)
    else:
        planted = page if bait == "link" else theirs
        planted.symlink_to(precious)
        os.lchown(planted, SOMEBODY, SOMEBODY)
        if planted is theirs:
            page.symlink_to(theirs)
    with pytest.raises(click.BadParameter, match="of another user, so remove it or name another file"):
        cli.writable(None, None, str(page))  # type: ignore[arg-type]  # click hands both in, and neither is looked at
    with pytest.raises(click.ClickException, match="of another user"):
        cli.write(str(page), "<p>")
    assert precious.read_text() == "mine"
