"""The folder in which the workers keep their numbers, so that any of them can show those of all.

Made by the server's main process, before there are workers: they find it by the environment.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lib.settings import SettingsError

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_folder() -> Iterator[None]:
    """Have the folder as long as the context lasts: the one that the environment names, else a temporary one.

    A named one is made if need be; what earlier runs counted is cleared away. Raises `SettingsError` when it
    cannot be used.
    """
    with ExitStack() as held:
        try:
            os.environ[VARIABLE] = str(_folder(held))
        except OSError as error:
            raise SettingsError({VARIABLE: [f"Cannot be used: {error.strerror}."]}) from None
        yield


def _folder(held: ExitStack) -> Path:
    named = os.environ.get(VARIABLE)
    if not named:
        temporary = TemporaryDirectory(prefix="metrics-", ignore_cleanup_errors=True)
        return Path(held.enter_context(temporary))
    folder = Path(named).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    held.callback(os.close, _claim(folder))
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)
    return folder


def _claim(folder: Path) -> int:
    """Return the open file whose lock says that a service has this folder."""
    claim = os.open(folder / "service.lock", os.O_CREAT | os.O_RDWR, 0o640)
    try:
        fcntl.lockf(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)  # of this process only: its workers do not inherit it
    except BlockingIOError:
        os.close(claim)
        raise SettingsError({VARIABLE: ["Another service keeps its numbers there: name another folder."]}) from None
    return claim
