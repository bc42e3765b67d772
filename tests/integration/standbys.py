"""A real hot standby: a copy of a running server that follows it, until it is promoted."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lib.database_url import plain_url, read_address
from lib.local.account import Account, account_for, chown, run_as
from lib.local.binaries import find_binaries
from testkit.ports import free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Standby:
    """The address of the database as the standby has it, and its server."""

    url: str
    data: Path
    programs: Path
    account: Account | None

    def promote(self) -> None:
        """Promote it: it accepts changes and follows no primary."""
        run([self.programs / "pg_ctl", "promote", "-w", "-D", self.data], self.account)


def run(argv: list[str | Path], account: Account | None) -> None:
    """Run a program of PostgreSQL; its output goes to a file, which a server that it starts may keep open."""
    with tempfile.TemporaryFile() as output:
        status = run_as(account, argv, output=output)
        output.seek(0)
        assert status == 0, output.read().decode(errors="replace")


@contextmanager
def standby_of(url: str) -> Iterator[Standby]:
    """Copy the server of an address and start the copy as its standby."""
    folder = Path(tempfile.mkdtemp(prefix="standby-"))
    account = account_for(folder)
    chown(folder, account)
    programs = find_binaries(account=account, storage=folder).folder
    data, port = folder / "data", free_port()
    primary = read_address(url)
    try:
        source = plain_url(primary)
        run([programs / "pg_basebackup", "-d", source, "-D", data, "-R", "-X", "stream", "-c", "fast", "-N"], account)
        run([programs / "pg_ctl", "start", "-w", "-D", data, "-o", f"-p {port}"], account)
        try:
            yield Standby(url=plain_url({**primary, "port": str(port)}), data=data, programs=programs, account=account)
        finally:
            stop: list[str | Path] = [programs / "pg_ctl", "stop", "-m", "immediate", "-D", data]
            run_as(account, stop, output=subprocess.DEVNULL)
    finally:
        shutil.rmtree(folder)
