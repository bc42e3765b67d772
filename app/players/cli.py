"""The commands of the register: `users …`."""

import click
from marshmallow import ValidationError

from app.players import controllers
from app.players.domain import SAMPLE_PLAYERS, DuplicateUser, NewPlayer, NoFreeUserId
from app.players.schemas import NewUserSchema
from app.players.services import PlayerServices
from lib import services
from lib.commands import Commands, minute
from lib.hints import command
from lib.tables import print_table

users = Commands("users", help="The register of players.")


@users.command("add")
@click.option("--name", required=True, help="The name of the player: 1 to 100 characters.")
@click.option("--email", required=True, help="An address that no other player has.")
@click.option("--user-id", type=int, help="The platform's own id; if left out, the player gets the next free one.")
def add(name: str, email: str, user_id: int | None) -> None:
    """Register a player and print the id."""
    given = {"name": name, "email": email, **({} if user_id is None else {"user_id": user_id})}
    try:
        player = controllers.register_player(services.get(PlayerServices).database, _validated(given))
    except (DuplicateUser, NoFreeUserId) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{player.user_id}  {player.name} <{player.email}>")


def _validated(given: dict[str, object]) -> NewPlayer:
    """Return the player, validated as by the API; a fault ends the command with a line that names it."""
    try:
        player: NewPlayer = NewUserSchema().load(given)
    except ValidationError as error:
        messages: dict[str, list[str]] = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
        wrong = (f"--{name.replace('_', '-')}: {' '.join(faults)}" for name, faults in messages.items())
        raise click.ClickException("; ".join(wrong)) from None
    return player


@users.command("list")
def list_() -> None:
    """List all registered players in the order of their ids."""
    players = list(controllers.all_players(services.get(PlayerServices).database))
    if not players:
        click.echo(f"Nobody is registered yet: {command('users add --name NAME --email EMAIL')}")
        return
    rows = ((str(each.user_id), each.name, each.email, minute(each.created_at)) for each in players)
    print_table(("user_id", "name", "email", "registered (UTC)"), rows, prose=("name",))


@users.command("seed")
def seed() -> None:
    """Register four sample players and print their ids."""
    controllers.seed(services.get(PlayerServices).database, SAMPLE_PLAYERS)
    for player in SAMPLE_PLAYERS:
        click.echo(f"{player.user_id}  {player.name} <{player.email}>")
