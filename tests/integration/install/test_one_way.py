"""The image and a host in production are installed as `make start` is: the lines of both, run as they stand."""

import re
import shutil
import sys
from pathlib import Path

from tests.integration.install.conftest import REPOSITORY, Checkout
from tests.locks import locked

FIRST_STAGE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")[1]
INSTALLER = "python3 -m lib.install service"


def bring_about(checkout: Checkout, image: Path) -> None:
    """Copy into a folder what the first stage of the image copies, the locks being those of our index."""
    for words in re.findall(r"^COPY (.*)$", FIRST_STAGE, re.MULTILINE):
        *sources, target = words.split()
        for source in sources:
            place = image / target / Path(source).name if target.endswith("/") else image / target
            place.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (checkout.folder / source).is_dir() else shutil.copy)(checkout.folder / source, place)


def test_the_first_stage_of_the_image_installs_the_lock_from_the_files_that_it_gets(
    checkout: Checkout, empty_venv: Path, tmp_path: Path
) -> None:
    image = Checkout(tmp_path / "service", checkout.index)
    bring_about(checkout, image.folder)
    image.give_venv(empty_venv)
    [line] = re.findall(r"^RUN (.*)$", FIRST_STAGE, re.MULTILINE)
    program, *words = line.split()
    assert program == "python"
    with checkout.index.served() as address:
        done = image.run([sys.executable, *words], address=address)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = {each.name for each in locked(REPOSITORY / "requirements.txt")} - {"async-timeout"}
    assert set(image.installed()) - {"async-timeout"} == wanted


def test_there_is_no_other_way_to_install() -> None:
    """Every place that installs packages does so by `lib.install`."""
    assert f"sudo {INSTALLER}" in (REPOSITORY / "docs/deploy.md").read_text(encoding="utf-8")
    shown = [REPOSITORY / name for name in ("Makefile", "Dockerfile", "README.md", "docs/deploy.md", ".ci/run")]
    assert [path.name for path in shown if re.search(r"pip3?\"? install", path.read_text(encoding="utf-8"))] == []
