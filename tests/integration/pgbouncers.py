"""A real PgBouncer between the service and PostgreSQL."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib.database_url import read_address
from lib.local.account import account_for, chown
from testkit.ports import free_port
from tests.integration.servers import MAX_WAIT, await_port

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
BEHIND = "behind"  # the name of the database, as PgBouncer has it


@contextmanager
def bouncer(url: str, *, entry: str = "", **settings: str) -> Iterator[str]:
    """Run one in front of a database; yields its address.

    `settings` go to its file, such as pool_mode, and `entry` to what that says of the database.
    """
    assert PROGRAM is not None
    # Not in a folder of pytest's: under root it runs as another user, to whom those are closed.
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    account, port = account_for(folder), free_port()
    try:
        (folder / "pgbouncer.ini").write_text(_written(url, port, settings, entry))
        for path in (folder, folder / "pgbouncer.ini"):
            chown(path, account)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([PROGRAM, str(folder / "pgbouncer.ini")], stderr=log, stdout=log, **user)  # type: ignore[call-overload]  # noqa: S603
            try:
                await_port(process, port, folder / "log")
                yield f"postgresql://anybody@127.0.0.1:{port}/{BEHIND}"
            finally:
                process.kill()
                process.wait(MAX_WAIT)
    finally:
        shutil.rmtree(folder)


def _written(url: str, port: int, settings: dict[str, str], entry: str) -> str:
    behind = " ".join(f"{name}={value}" for name, value in read_address(url).items())
    own = {"listen_addr": "127.0.0.1", "listen_port": str(port), "unix_socket_dir": "", "auth_type": "any", **settings}
    lines = [f"{name} = {value}" for name, value in own.items()]
    return "\n".join(["[databases]", f"{BEHIND} = {behind} {entry}", "[pgbouncer]", *lines, ""])
