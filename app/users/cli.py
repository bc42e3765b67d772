"""The commands of the register: `flask users …`."""

import click
from flask import current_app
from flask.cli import AppGroup

from app.users import controllers
from app.users.domain import SAMPLE_USERS

users = AppGroup("users", help="The register of users.")


@users.command("seed")
def seed() -> None:
    """Register four sample users and print their ids."""
    controllers.seed(current_app.extensions["database"], SAMPLE_USERS)
    for user in SAMPLE_USERS:
        click.echo(f"{user.user_id}  {user.name} <{user.email}>")
