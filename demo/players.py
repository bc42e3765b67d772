"""Registers the players."""

from app.players.controllers import update_players
from app.players.domain import Actor, PlayerUpdate
from app.players.updating import Updated
from demo.people import player
from demo.play import FIRST_PLAYER
from demo.site import DemoFailed, Site


def register(site: Site, seed: int, players: int) -> None:
    """Register so many players; raises `DemoFailed` if one is refused."""
    updates = []
    for user_id in range(FIRST_PLAYER, FIRST_PLAYER + players):
        name, email, groups = player(seed, user_id)
        updates.append(PlayerUpdate(user_id=user_id, name=name, email=email, groups=groups))
    for result in update_players(site.players.database, updates, Actor(name="demo")):
        if not isinstance(result, Updated):
            raise DemoFailed(f"a player was refused: {result}")
