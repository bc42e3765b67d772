"""The command `console`: where the pages are, and how to get in."""

import click
from flask.cli import with_appcontext

from app.console.pages.start import FIRST
from app.console.services import ConsoleServices
from app.staff.controllers import nobody_can_sign_in
from lib import services
from lib.hints import command


@click.command("console")
@with_appcontext
def console() -> None:
    """Print where people reach the console and, while nobody has an account, the command that invites the first."""
    made = services.get(ConsoleServices)
    if not made.is_on:
        raise click.ClickException("the console is off in this process; CONSOLE=on turns it on")
    click.echo(f"Console    {made.staff.console_url}/console")
    if nobody_can_sign_in(made.staff.database):
        click.echo(f"Invite     nobody can sign in yet: {command(FIRST)}")
