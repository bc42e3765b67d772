"""The version of the service, from the one place that has it: `pyproject.toml`, which goes wherever the service goes.

Read from the file, not from an installed package: no checkout, no release folder and no image installs one.
"""

import tomllib
from pathlib import Path

import click

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
VERSION: str = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]


@click.command("version")
def version() -> None:
    """Print the version of the service."""
    click.echo(VERSION)
