"""A machine on which the commands of docs/deploy.md run as printed, but for its folders, ports and addresses.

Its folders are below one of ours. `sudo` sets the address of the machine's PostgreSQL for what is done as `postgres`,
and really is somebody else then, where root runs the tests. `systemctl` starts and ends instances by their process
ids, and `production`, which is `docker compose`, runs what it is to run in a container right here.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url

from lib.local.account import account_for
from lib.local.binaries import find_binaries
from tests.integration.servers import MAX_WAIT

REPOSITORY = Path(__file__).parents[3]
PASSWORD = "of-a-role-without-one"  # noqa: S105  # there PostgreSQL knows the system's user
INSTANCES = ("5001", "5002")

SUDO = """\
#!/bin/sh
[ "$1" = -u ] || exec "$@"
who="$2"
shift 2
export SUDO_USER=ann # as the real one says who called it
[ "$who" != postgres ] || exec env $AS_POSTGRES "$@"
exec "$@"
"""
SYSTEMCTL = """\
#!/bin/sh
set -e
verb="$1"
shift
for unit; do
    port="${unit#*@}"
    if [ -f "$ROOT/run/$port" ]; then
        pid="$(cat "$ROOT/run/$port")"
        kill "$pid"
        while ps -o stat= -p "$pid" | grep -q '^[^Z]'; do sleep 0.05; done # it may be a zombie
        rm "$ROOT/run/$port"
    fi
    [ "$verb" != stop ] || continue
    cd "$ROOT/opt/activity-alerts/current"
    . "$SETTINGS"
    export DATABASE_URL PORT="$port" ENV=production ACCESS=open WEB_WORKERS=1
    program=app
    if [ "$unit" = activity-alerts-work ]; then program="flask --app app work" PORT=5000; fi
    .venv/bin/python -m $program > "$ROOT/run/$port.log" 2>&1 &
    echo $! > "$ROOT/run/$port"
done
"""
PRODUCTION = """\
#!/bin/sh
case "$*" in
    "exec -T postgres "*) shift 3; exec env $AS_POSTGRES "$@" ;;
    "run --rm migrate") exec activity-alerts db upgrade ;;
    "run --rm migrate flask "*) shift 4; exec activity-alerts "$@" ;;
    "up --detach --wait"*) ;; # PostgreSQL runs already; the instances are not looked at
    *) echo "no such command here: production $*" >&2; exit 1 ;;
esac
"""


@dataclass(slots=True, kw_only=True)
class Machine:
    """One machine: `root` is its root folder, open to all; `postgres` the address of its PostgreSQL's superuser."""

    root: Path
    postgres: str
    ports: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in ("bin", "run", "etc/activity-alerts", "opt/activity-alerts/releases", "var/backups"):
            (self.root / folder).mkdir(parents=True)
        for name, text in (("sudo", SUDO), ("systemctl", SYSTEMCTL), ("production", PRODUCTION)):
            write_program(self.root / "bin" / name, text)
        current = self.root / "opt/activity-alerts/current"
        (self.root / "bin/activity-alerts").symlink_to(current / "deploy/systemd/activity-alerts")

    def install(self, name: str, *, newer: str | None = None) -> Path:
        """Unpack this checkout as a release, and let it be the current one; `newer` is a migration that it adds."""
        release = self.root / "opt/activity-alerts/releases" / name
        shutil.copytree(REPOSITORY / "migrations", release / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(REPOSITORY / "deploy/systemd", release / "deploy/systemd")  # it looks where it really is
        for part in ("app", "lib", "pyproject.toml"):
            (release / part).symlink_to(REPOSITORY / part)
        if newer:
            (release / "migrations/versions/9999_newer.py").write_text(newer)
        write_program(release / ".venv/bin/python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        current = self.root / "opt/activity-alerts/current"
        current.unlink(missing_ok=True)
        current.symlink_to(release)
        return release

    def let_the_service_use(self, database: str, *, service: str = "activity", owner: str = "activity_owner") -> str:
        """Write the settings of the service and of the owner; return the service's address of a database here."""
        address = make_url(self.postgres).set(username=service, password=PASSWORD, database=database)
        url = address.render_as_string(hide_password=False)
        (self.root / "etc/activity-alerts/env").write_text(f'DATABASE_URL="{url}"\n')
        owners = address.set(username=owner).render_as_string(hide_password=False)
        (self.root / "etc/activity-alerts/owner").write_text(f'DATABASE_OWNER_URL="{owners}"\n')
        return url

    def run(self, script: str, *, succeeds: bool = True) -> str:
        """Run a block of the page as an administrator would type it; return its output."""
        done = subprocess.run(  # noqa: S603  # the page is ours
            ["/bin/bash", "-eu", "-o", "pipefail", "-c", self._of_here(script)],
            cwd=self.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MAX_WAIT,
            check=False,
        )
        assert (done.returncode == 0) is succeeds, done.stdout
        return done.stdout

    def _of_here(self, script: str) -> str:
        account = account_for(self.root / "data")
        mine = f"-o {account.pw_uid} -g {account.pw_gid}" if account else ""
        changed = {"-o postgres -g postgres": mine, **self.ports}
        changed |= {folder: f"{self.root}{folder}" for folder in ("/opt/activity-alerts", "/var/backups")}
        for printed, here in changed.items():
            script = script.replace(printed, here)
        return script

    def _environment(self) -> dict[str, str]:
        account = account_for(self.root / "data")
        programs = find_binaries(account=account, storage=self.root / "programs")
        address = make_url(self.postgres)
        as_postgres = (
            f"PATH={programs.folder}:/usr/bin:/bin PGHOST={address.host} PGPORT={address.port}"
            f" PGUSER={address.username} PGPASSWORD={address.password}"
        )
        if account:
            as_postgres += f" setpriv --reuid={account.pw_uid} --regid={account.pw_gid} --clear-groups"
        return {
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "ROOT": str(self.root),
            "SETTINGS": str(self.root / "etc/activity-alerts/env"),
            "OWNER_SETTINGS": str(self.root / "etc/activity-alerts/owner"),
            "AS_POSTGRES": as_postgres,
        }


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
