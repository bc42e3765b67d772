"""A private service: a copy of the checkout with its own port and data, which a test may fill, kill and delete."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from testkit.ports import free_port

COPIED = ("app", "lib", "migrations", "pyproject.toml")
# Settings of the developer's own service, such as DATABASE_URL, must not reach this one.
KEPT = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
MAX_COMMAND = 150  # seconds; a machine may be busy


class SiteError(Exception):
    """The service could not be started, stopped or looked at."""


class Site:
    """The folder of the copy, and the commands of `lib.local` in it; `name` says whose logs are kept."""

    def __init__(self, root: Path, *, checkout: Path, name: str, settings: Mapping[str, str]) -> None:
        self.root = root
        self._settings = settings
        self._name = name
        self._kept = checkout / "var" / "log"
        self.port = free_port()
        self.url = ""

    @property
    def var(self) -> Path:
        return self.root / "var"

    def start(self) -> None:
        """Start the service and wait until it answers."""
        self.run("start")
        self.url = self.run("db-url").strip()

    @property
    def address(self) -> str:
        """The base URL of the service."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.run("stop")

    def verify(self) -> str:
        """Have all that is stored sealed, and judged again, each event by its own edition; `SiteError` if any differs.

        Returns what was said: how many events were sealed, and how many there were, by edition.
        """
        rules = ("run", "--", sys.executable, "-m", "flask", "--app", "app", "rules")
        return self.run(*rules, "seal") + self.run(*rules, "verify")

    def begin(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command and leave it running."""
        return subprocess.Popen(  # noqa: S603 - a program of ours
            [sys.executable, "-m", "lib.local", *command],
            cwd=self.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {**kept, **self._settings, "PORT": str(self.port)}

    def run(self, *command: str) -> str:
        return self.end(" ".join(command), self.begin(*command))

    def end(self, command: str, process: "subprocess.Popen[str]") -> str:
        """Wait for a command; return its output."""
        try:
            said, _ = process.communicate(timeout=MAX_COMMAND)
        except BaseException:
            process.kill()  # or it would hold the lock that the end of the site needs
            raise
        if process.returncode != 0:
            raise SiteError(f"`python -m lib.local {command}` ended with {process.returncode}: {said.strip()}")
        return said

    def supervisor_and_server(self) -> tuple[int, int]:
        """Find the process ids of the supervisor and of the server's main process."""
        said = self.run("status")
        found = re.search(r"supervisor (\d+), service (\d+)", said)
        if found is None:
            raise SiteError(f"status names no process: {said.strip()}")
        return int(found[1]), int(found[2])

    def keep_logs(self) -> Path:
        """Copy the logs into the checkout, where they outlive this site; return that folder."""
        self._kept.mkdir(parents=True, exist_ok=True)
        for log in (self.var / "log").glob("*.log"):
            shutil.copyfile(log, self._kept / f"{self._name}-{log.name}")
        return self._kept

    def log(self) -> str:
        """Return the service's log, as far as the files still have it."""
        return "".join(log.read_text(errors="replace") for log in (self.var / "log").glob("service.log*"))

    def data(self) -> Path:
        """Find the data folder of PostgreSQL."""
        found = re.search(r"^data folder +(.+)$", self.run("status"), re.MULTILINE)
        if found is None:
            raise SiteError("status names no data folder")
        return Path(found[1])


@contextmanager
def new_site(checkout: Path, *, name: str, settings: Mapping[str, str] | None = None) -> Iterator[Site]:
    """Copy the parts of the service; at the end no process and no file is left.

    `settings` are those of the service, beside its defaults.
    """
    root = Path(tempfile.mkdtemp(prefix=f"activity-alerts-{name}.")).resolve()
    root.chmod(0o755)  # PostgreSQL of a root runs as another account, which must reach its data
    site = Site(root, checkout=checkout, name=name, settings=settings or {})
    try:
        for part in COPIED:
            copy(checkout / part, root / part)
        yield site
    finally:
        site.begin("clean").wait(MAX_COMMAND)
        shutil.rmtree(root, ignore_errors=True)


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)
