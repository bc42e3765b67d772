"""The use case of reading the feed."""

from dataclasses import replace

from app.alerts.domain import NotYetNumbered
from app.alerts.feed.domain import FeedPage
from app.alerts.feed.queries import FeedQueries
from app.alerts.services import AlertServices
from app.rules.meaning import UNKNOWN


def feed(services: AlertServices, after: int, limit: int) -> FeedPage:
    """Return the first entries of the feed with numbers above `after`.

    A number becomes visible after all smaller ones, so whoever goes on from the last number misses none.

    Raises `NotYetNumbered`.
    """
    with services.database.transaction(trial=True) as current:
        queries = FeedQueries(current)
        entries = queries.page(after, limit)
        if not entries and after > (last := queries.last_number()):
            raise NotYetNumbered(after, last)
        meanings = services.meanings(current, {each.alert.edition for each in entries})
    told = [
        replace(
            each,
            alert=replace(each.alert, meaning=meanings.get(each.alert.edition, {}).get(each.alert.code, UNKNOWN)),
        )
        for each in entries
    ]
    return FeedPage(entries=told, next_after=told[-1].number if told else after)
