"""Reads settings; an invalid one stops the start with the name of its variable and without a traceback."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
from dotenv import dotenv_values
from environs import Env
from marshmallow import ValidationError

from lib.secret_files import UnreadableSecret, read_secret


class SettingsError(click.ClickException):
    """Variables are missing or invalid; click prints the message and exits with status 2.

    `origins` says where each variable is set. Values are not shown, because some are secrets.
    """

    exit_code = 2

    def __init__(self, faults: Mapping[str, Sequence[str]], origins: Mapping[str, str] | None = None) -> None:
        where = {name: f" It is set in {origin}." for name, origin in (origins or {}).items()}
        lines = [f"  {name}: {' '.join(messages)}{where.get(name, '')}" for name, messages in sorted(faults.items())]
        super().__init__("\n".join(["these settings stop the start (docs/settings.md lists them all):", *lines]))


def origins(dotenv: Path) -> Mapping[str, str]:
    """Return where each variable is set: in that file, or in the environment, which takes precedence.

    Call it before the file is read into the environment. A variable with the same value in both counts as the file's:
    `make start` has already read the file for the programs that it starts.
    """
    written = {name: value for name, value in dotenv_values(dotenv).items() if os.environ.get(name, value) == value}
    return {
        **dict.fromkeys(os.environ, "the environment, or on the command line of make"),
        **dict.fromkeys(written, str(dotenv)),
    }


def secret(env: Env, name: str, check: Callable[[str], None], *, default: str | None = None) -> str:
    """Read a setting that may be secret: from the variable NAME, or from the file that NAME_FILE names.

    `check` raises `ValidationError`. Setting both is an error, and so is an unreadable file; `env` collects the errors,
    which quote no value.
    """
    found: list[str] = []

    def read(file: str) -> None:
        if os.environ.get(name):
            raise ValidationError(f"{name} is set as well: unset one of the two.")
        try:
            found.append(read_secret(Path(file)))
        except UnreadableSecret as error:
            raise ValidationError(f"{error}.") from None
        check(found[0])

    if env.str(f"{name}_FILE", ""):
        env.str(f"{name}_FILE", validate=read)
        return found[0] if found else ""
    given: str = env.str(name, validate=check) if default is None else env.str(name, default, validate=check)
    return given
