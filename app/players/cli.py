"""The commands of the register: `users …`."""

import click
from marshmallow import ValidationError

from app.players import controllers
from app.players.domain import SAMPLE_USERS, DuplicateUser, NewUser, NoFreeUserId
from app.players.schemas import NewUserSchema
from app.players.services import PlayerServices
from lib import services
from lib.commands import Commands, minute
from lib.hints import command
from lib.tables import print_table

users = Commands("users", help="The register of users.")


@users.command("add")
@click.option("--name", required=True, help="What the user is called: 1 to 100 characters.")
@click.option("--email", required=True, help="An address that no other user has.")
@click.option("--user-id", type=int, help="The platform's own id; left out, the user gets the next free one.")
def add(name: str, email: str, user_id: int | None) -> None:
    """Register a user and print the id."""
    given = {"name": name, "email": email, **({} if user_id is None else {"user_id": user_id})}
    try:
        user = controllers.add_user(services.get(PlayerServices).database, _checked(given))
    except (DuplicateUser, NoFreeUserId) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{user.user_id}  {user.name} <{user.email}>")


def _checked(given: dict[str, object]) -> NewUser:
    """Return the user by the same rules as the API has; what is wrong ends the command with a line that says so."""
    try:
        user: NewUser = NewUserSchema().load(given)
    except ValidationError as error:
        messages: dict[str, list[str]] = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
        wrong = (f"--{name.replace('_', '-')}: {' '.join(faults)}" for name, faults in messages.items())
        raise click.ClickException("; ".join(wrong)) from None
    return user


@users.command("list")
def list_() -> None:
    """List all registered users in the order of their ids."""
    known = list(controllers.all_users(services.get(PlayerServices).database))
    if not known:
        click.echo(f"Nobody is registered yet: {command('users add --name NAME --email EMAIL')}")
        return
    rows = ((str(user.user_id), user.name, user.email, minute(user.created_at)) for user in known)
    print_table(("user_id", "name", "email", "registered (UTC)"), rows, prose=("name",))


@users.command("seed")
def seed() -> None:
    """Register four sample users and print their ids."""
    controllers.seed(services.get(PlayerServices).database, SAMPLE_USERS)
    for user in SAMPLE_USERS:
        click.echo(f"{user.user_id}  {user.name} <{user.email}>")
