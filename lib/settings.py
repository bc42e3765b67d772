"""Settings that stop the start when they are wrong, with the names of their variables and no traceback."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
from dotenv import dotenv_values
from environs import Env
from marshmallow import ValidationError

from lib.secret_files import UnreadableSecret, read_secret


class SettingsError(click.ClickException):
    """Variables are missing or wrong; click prints the message and ends with status 2.

    `origins` says of variables where each is set. Their values are not shown: some are secrets.
    """

    exit_code = 2

    def __init__(self, faults: Mapping[str, Sequence[str]], origins: Mapping[str, str] | None = None) -> None:
        told = {name: f" It is set in {origin}." for name, origin in (origins or {}).items()}
        lines = [f"  {name}: {' '.join(messages)}{told.get(name, '')}" for name, messages in sorted(faults.items())]
        super().__init__("\n".join(["these settings stop the start (docs/settings.md lists them all):", *lines]))


def origins(dotenv: Path) -> Mapping[str, str]:
    """Say of every variable where it is set: in that file, or in the environment, which goes before it.

    To be asked before the file is read into the environment. What stands in both with one value comes from the file:
    `make start` has read it already, for the programs that it starts.
    """
    written = {name: value for name, value in dotenv_values(dotenv).items() if os.environ.get(name, value) == value}
    return {
        **dict.fromkeys(os.environ, "the environment, or on the command line of make"),
        **dict.fromkeys(written, str(dotenv)),
    }


def secret(env: Env, name: str, check: Callable[[str], None], *, default: str | None = None) -> str:
    """Read a setting that may be secret: NAME itself, else what stands in the file that NAME_FILE names.

    `check` raises `ValidationError`. Both set is wrong, and so is a file that cannot be read; `env` collects the
    faults, without any value.
    """
    found: list[str] = []

    def look(file: str) -> None:
        if os.environ.get(name):
            raise ValidationError(f"{name} is set as well: unset one of the two.")
        try:
            found.append(read_secret(Path(file)))
        except UnreadableSecret as error:
            raise ValidationError(f"{error}.") from None
        check(found[0])

    if env.str(f"{name}_FILE", ""):
        env.str(f"{name}_FILE", validate=look)
        return found[0] if found else ""
    given: str = env.str(name, validate=check) if default is None else env.str(name, default, validate=check)
    return given
