"""Activity alerts: which alert rules a player meets, said at once for every deposit and withdrawal."""

from app.factory import create_app

__all__ = ["create_app"]
