"""The version of the service, from `pyproject.toml`, its only source, which is deployed with the service.

It is read from the file because no checkout, release folder or image installs a package.
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
