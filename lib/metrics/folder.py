"""The folder in which the workers keep their metrics, so that any of them can report those of all.

The server's main process makes it before it starts the workers, which find it through the environment.
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
    """Provide the folder within the context: the one that the environment names, else a temporary one.

    A named folder is created if necessary, and the files of earlier runs are deleted. Raises `SettingsError` if it
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
    """Return an open file with a lock, which marks the folder as this service's."""
    claim = os.open(folder / "service.lock", os.O_CREAT | os.O_RDWR, 0o640)
    try:
        fcntl.lockf(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held by this process only: workers do not inherit it
    except BlockingIOError:
        os.close(claim)
        raise SettingsError({VARIABLE: ["Another service keeps its metrics there: name another folder."]}) from None
    return claim
