"""Keyset pagination: each page begins after the last key of the one before, so the thousandth costs the same."""

from collections.abc import Callable, Sequence
from typing import TypeVar

MAX_PAGE_SIZE = 200
DEFAULT_PAGE_SIZE = 50

Item = TypeVar("Item")
Key = TypeVar("Key")


def page_of(items: Sequence[Item], limit: int, key: Callable[[Item], Key]) -> tuple[Sequence[Item], Key | None]:
    """Return at most `limit` items, and the key of the last of them if the list goes on.

    The query must have requested `limit` + 1 items: only the extra one shows that there are more.
    """
    page = items[:limit]
    return page, key(page[-1]) if len(items) > limit else None
