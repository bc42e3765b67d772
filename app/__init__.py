"""Activity alerts: which alert rules a player meets, said at once for every deposit and withdrawal."""

from typing import TYPE_CHECKING

from lib.garbage import lasting

if TYPE_CHECKING:
    from app.factory import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> object:
    """Import the application for whoever asks for it, such as Flask: some programs of this package do without."""
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with lasting():
        from app.factory import create_app  # noqa: PLC0415  # as said above
    return create_app
