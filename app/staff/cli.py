"""The commands of accounts: `staff …`."""

from collections.abc import Sequence
from datetime import datetime

import click

from app.staff import controllers
from app.staff.addresses import link_address
from app.staff.domain import Account, Link, NoSuchAccount, StaffRefusal
from app.staff.permissions import Actor, Role, shell
from app.staff.services import StaffServices
from lib import services
from lib.commands import Commands, minute
from lib.hints import command
from lib.shell_user import shell_user
from lib.tables import print_table

HEADINGS = ("email", "name", "roles", "state", "seen (UTC)", "invited (UTC)", "by", "id")
ROLES = click.Choice([role.value for role in Role])


class StaffCommands(Commands):
    """Commands that report each refusal in one line."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a refusal ends it with a line that says why."""
        try:
            return super().invoke(ctx)
        except NoSuchAccount as error:
            raise click.ClickException(f"{error}; to list what there is: {command('staff list')}") from None
        except StaffRefusal as error:
            raise click.ClickException(str(error)) from None


staff = StaffCommands("staff", help="People who sign in to the console, and what they may do.")
role_option = click.option(
    "--role", "roles", required=True, multiple=True, type=ROLES, help="What they may do; can be given several times."
)


@staff.command("invite")
@click.argument("email")
@role_option
@click.option("--name", default="", help="Their name; whoever accepts the invitation can change it.")
def invite(email: str, roles: Sequence[str], name: str) -> None:
    """Invite somebody; print the link with which they set up their account."""
    _print_link(controllers.invite(made(), actor(), email, [Role(role) for role in roles], name))


@staff.command("list")
def list_() -> None:
    """List all accounts, disabled ones too."""
    found = controllers.staff(made().database, actor())
    if not found.accounts:
        click.echo(f"Nobody has an account yet: {command('staff invite you@example.com --role admin')}")
        return
    print_table(HEADINGS, map(_row, found.accounts), prose=("email", "name", "roles", "by"))


def _row(each: Account) -> tuple[str, ...]:
    roles = " ".join(role.value for role in each.roles)
    times = (minute(each.seen_at), minute(each.made_at))
    return (each.email, each.name, roles, each.state.value, *times, each.made_by, str(each.id))


@staff.command("reset")
@click.argument("email")
def reset(email: str) -> None:
    """Print a link with which somebody sets password and codes again; it ends their sessions.

    Somebody who has not accepted the invitation yet gets a new link for that; the one before no longer works.
    """
    _print_link(controllers.make_link(made(), actor(), _id_of(email)))


@staff.command("link")
@click.argument("email")
def link(email: str) -> None:
    """Print a link that signs in once without password and code; in development only."""
    _print_link(controllers.sign_in_link(made(), actor(), _id_of(email)))


@staff.command("roles")
@click.argument("email")
@role_option
def roles_(email: str, roles: Sequence[str]) -> None:
    """Replace what somebody may do; it holds at once."""
    _show(controllers.set_roles(made(), actor(), _id_of(email), [Role(role) for role in roles]))


@staff.command("disable")
@click.argument("email")
def disable(email: str) -> None:
    """Shut somebody out at once; what they did stays under their name."""
    _show(controllers.disable(made(), actor(), _id_of(email)))


@staff.command("enable")
@click.argument("email")
def enable(email: str) -> None:
    """Let somebody in again who was disabled."""
    _show(controllers.enable(made(), actor(), _id_of(email)))


def _id_of(email: str) -> int:
    return controllers.by_email(made().database, actor(), email).id


def _show(found: Account) -> None:
    roles = ", ".join(role.value for role in found.roles)
    click.echo(f"{found.email} is {found.state.value}: {roles}.")


def _print_link(made_link: Link) -> None:
    # Only the link goes to standard output, so that a program can read it.
    until = _until(made_link.expires_at)
    click.echo(f"Give this link to {made_link.account.email} only; it works once, until {until}:", err=True)
    click.echo(link_address(made().console_url, made_link))


def _until(moment: datetime) -> str:
    return f"{minute(moment)} UTC"


def actor() -> Actor:
    """Return who runs the command."""
    return shell(shell_user())


def made() -> StaffServices:
    """Return what the commands need."""
    return services.get(StaffServices)
