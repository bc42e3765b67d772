"""Random secrets that the runner makes once for a checkout and keeps in files that only their owner can read."""

import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from lib.local.project import Project
from lib.local.settings import Settings, secret_files
from lib.local.terminal import LocalError

_BYTES = 32


def keep_secrets(project: Project, settings: Settings) -> dict[str, str]:
    """Make the secrets that the project wants and that are not there yet; return the variables that name their files.

    Raises `LocalError` if one cannot be written.
    """
    files = secret_files(project, settings)
    for file in files.values():
        _make_unless_there(Path(file))
    return files


def _make_unless_there(file: Path) -> None:
    if file.exists():
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.") as draft:  # it has mode 0600
            draft.write(f"{secrets.token_urlsafe(_BYTES)}\n")
            draft.flush()
            with suppress(FileExistsError):  # another command was quicker, and its secret may be in use already
                file.hardlink_to(draft.name)
    except OSError as error:
        raise LocalError(f"cannot write {file}: {error.strerror}") from error
