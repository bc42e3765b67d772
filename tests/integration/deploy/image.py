"""The container image without an engine for it: what .dockerignore lets in, run as the Dockerfile says.

A mount namespace of its own, read-only but for a fresh /tmp; a process namespace, where the service is process 1;
the user of the image, without any capability. The packages are those of the tests, the rest is the image's.
"""

import json
import os
import re
import shlex
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PYTHON = "/python/bin/python3"
PACKAGES = "/service/.venv"
LAST_STAGE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "").rpartition("\nFROM ")[2]
SYSTEM = ("usr", "bin", "sbin", "lib", "lib64", "etc")
DROPPED = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--clear-groups"]
# $1 is the new root; each further word up to -- a folder to show in it, as from:to.
MOUNTS = """
set -e
root="$1"
shift
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
    mount --bind "${1%%:*}" "$root/${1##*:}"
    mount -o remount,bind,ro "$root/${1##*:}"
    shift
done
shift
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"
"""


def instruction(name: str) -> str:
    """Return what the last instruction of a name says in the image's stage."""
    return str(re.findall(rf"^{name} (.*)$", LAST_STAGE, re.MULTILINE)[-1])


def command(name: str) -> list[str]:
    """Return the exec form of CMD or HEALTHCHECK; anything else would put a shell between."""
    words = json.loads(instruction(name)[instruction(name).index("[") :])
    assert words[0] == "python"
    return [PYTHON, *words[1:]]


def environment() -> dict[str, str]:
    """Return the variables of the image, and those that lead to Python and its packages here."""
    own = dict(assigned.split("=", 1) for assigned in shlex.split(instruction("ENV")))
    return {**own, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": PACKAGES, "LD_LIBRARY_PATH": "/python/lib"}


def let_in(path: Path) -> bool:
    """Say whether .dockerignore lets a file into the image: the last rule that names it or a folder of it counts."""
    allowed = True
    places = [str(place) for place in (path, *path.parents[:-1])]
    for rule in (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split():
        pattern = rule.removeprefix("!")
        patterns = (pattern, pattern.removeprefix("**/"), f"*/{pattern.removeprefix('**/')}")
        if any(fnmatch(place, each) for place in places for each in patterns[: 3 if pattern.startswith("**") else 1]):
            allowed = rule.startswith("!")
    return allowed


def files() -> Iterator[Path]:
    """Yield what the image would get of this checkout."""
    for folder, folders, names in os.walk(REPOSITORY):
        folders[:] = [each for each in folders if each not in {".git", ".venv", "var"}]
        here = Path(folder).relative_to(REPOSITORY)
        yield from (here / name for name in names if let_in(here / name))


@dataclass(slots=True)
class Container:
    """The image, unpacked into a folder, and what runs of it."""

    root: Path
    variables: dict[str, str]
    running: list["subprocess.Popen[str]"] = field(default_factory=list)

    def unpack(self) -> None:
        """Put the files of the image into its root, and folders to show the rest of a system in."""
        for path in files():
            place = self.root / "service" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / path, place)
        for name in ("python", PACKAGES[1:], "dev", "proc", "tmp", "home", "run", "var/tmp"):
            (self.root / name).mkdir(parents=True)
        for name in SYSTEM:
            here = Path("/", name)
            if here.is_symlink():
                (self.root / name).symlink_to(here.readlink())
            elif here.is_dir():
                (self.root / name).mkdir()

    def shown(self) -> Iterator[str]:
        """Yield what is mounted where."""
        yield f"{sys.base_prefix}:python"
        yield f"{site.getsitepackages()[0]}:{PACKAGES[1:]}"
        folders = (name for name in SYSTEM if (self.root / name).is_dir() and not (self.root / name).is_symlink())
        yield from (f"/{name}:{name}" for name in folders)

    def run(self, argv: Sequence[str]) -> "subprocess.Popen[str]":
        """Run a command in new namespaces, as `docker run` and `docker exec` would."""
        user = instruction("USER")
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", MOUNTS, "sh"]
        who = ["setpriv", f"--reuid={user}", f"--regid={user}", *DROPPED]
        where = ["env", f"--chdir={instruction('WORKDIR')}"]
        process = subprocess.Popen(  # noqa: S603 - ours
            [*namespaces, str(self.root), *self.shown(), "--", *who, *where, *argv],
            env={**environment(), **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process
