"""Pages of a list, each read from the key where the one before ended: the thousandth costs no more than the first."""

from collections.abc import Callable, Sequence
from typing import TypeVar

MAX_PAGE_SIZE = 200
DEFAULT_PAGE_SIZE = 50

Item = TypeVar("Item")
Key = TypeVar("Key")


def page_of(items: Sequence[Item], limit: int, key: Callable[[Item], Key]) -> tuple[Sequence[Item], Key | None]:
    """Return at most `limit` items, and the key of the last of them if the list goes on.

    The query must have asked for `limit` + 1 items: only the one too many shows that there are more.
    """
    page = items[:limit]
    return page, key(page[-1]) if len(items) > limit else None
