"""Pages of a list that is read by its key, so that the thousandth page costs what the first does."""

from collections.abc import Callable, Sequence
from typing import TypeVar

LONGEST_PAGE = 200
USUAL_PAGE = 50

Item = TypeVar("Item")
Key = TypeVar("Key")


def page_of(items: Sequence[Item], limit: int, key: Callable[[Item], Key]) -> tuple[Sequence[Item], Key | None]:
    """Return at most `limit` items, and the key of the last of them if there are more.

    `items` are those that were found when one more than `limit` was asked for: only it tells that the list goes on.
    """
    page = items[:limit]
    return page, key(page[-1]) if len(items) > limit else None
