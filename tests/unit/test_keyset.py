"""Keyset pagination: the pages together are the list, whatever its length."""

from hypothesis import given
from hypothesis import strategies as st

from lib.keyset import page_of


@given(st.lists(st.integers(0, 30), unique=True), st.integers(1, 8))
def test_the_pages_equal_the_list_and_the_last_is_marked(items: list[int], limit: int) -> None:
    items.sort()
    read: list[int] = []
    pages, after = 0, -1
    while True:
        found = [item for item in items if item > after][: limit + 1]
        page, following = page_of(found, limit, lambda item: item)
        read += page
        pages += 1
        if following is None:
            break
        assert len(page) == limit
        after = following
    assert read == items
    assert pages == max(1, -(-len(items) // limit)), "no page more than there must be"
