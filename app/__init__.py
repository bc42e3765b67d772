"""Activity alerts: for every deposit and withdrawal, say at once which alert rules the player meets."""

from typing import TYPE_CHECKING

from lib.garbage import gc_paused

if TYPE_CHECKING:
    from app.factory import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> object:
    """Import the application on first use, as by Flask; some programs of this package do without it."""
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with gc_paused():
        from app.factory import create_app  # noqa: PLC0415  # see above
    return create_app
