"""A release as docs/deploy.md puts it in place, with the commands `activity-alerts` and `sudo`, for tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
# No right is taken here: the settings are the test's own. What the real one says of its caller is said.
SUDO = """\
#!/bin/sh
[ "$1" = -u ] || exec "$@"
[ "$2" = activity ] && shift 2 && SUDO_USER=ann exec "$@"
"""


class Release:
    """Its folder, its settings, and a shell in which its commands are found as on a host."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.current = folder / "current"
        self.programs = folder / "programs"
        self._settings = folder / "env"
        for part in (self.current / "deploy/systemd", self.current / ".venv/bin", self.programs):
            part.mkdir(parents=True)
        for name in ("app", "lib", "migrations"):
            (self.current / name).symlink_to(REPOSITORY / name)
        shutil.copy(REPOSITORY / "deploy/systemd/activity-alerts", self.current / "deploy/systemd")
        write_program(self.current / ".venv/bin/python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        write_program(self.programs / "sudo", SUDO)
        (self.programs / "activity-alerts").symlink_to(self.current / "deploy/systemd/activity-alerts")
        self._settings.write_text("".join(f'{name}="{value}"\n' for name, value in settings.items()))

    def shell(self, commands: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run commands as if typed, until one fails."""
        environment = {
            **{name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ},
            "PATH": f"{self.programs}:/usr/local/bin:/usr/bin:/bin",
            "SETTINGS": str(self._settings),
            **variables,
        }
        argv = ["/bin/bash", "-e", "-o", "pipefail", "-c", commands]
        return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
