"""Makes deliveries of what was just numbered in the feed, in the transaction that numbers it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from app.alerts.feed.domain import Note, Numbered
from app.alerts.services import Meanings
from app.players.queries import PlayerQueries
from app.rules.history import NO_GROUPS, Groups
from app.rules.meaning import UNKNOWN, Meaning
from app.webhooks.delivery_queries import DeliveryQueries, Made
from app.webhooks.domain import TOPIC_OF, Endpoint, message_id_of
from app.webhooks.filtering import Told, codes_that_pass
from app.webhooks.queries import EndpointQueries
from lib.transactions import Transaction

MeaningsOf = Mapping[int, Mapping[int, Meaning]]


class FanOut:
    """Takes up what is numbered: one message per note, one delivery per endpoint that is told of one of its codes.

    Endpoints that are paused or disabled get their deliveries, too: those wait until the endpoint is enabled.
    """

    def __init__(self, meanings: Meanings) -> None:
        self._meanings = meanings

    def __call__(self, current: Transaction, numbered: Sequence[Numbered]) -> None:
        """Make the deliveries."""
        if endpoints := EndpointQueries(current).listening():
            DeliveryQueries(current).add(self.wanted(current, endpoints, numbered))

    def wanted(
        self, current: Transaction, endpoints: Sequence[Endpoint], numbered: Sequence[Numbered]
    ) -> Iterator[Made]:
        """Yield the deliveries to these endpoints, as their filters are now."""
        meanings = self._meanings_if_asked(current, endpoints, numbered)
        groups = _groups_if_asked(current, endpoints, numbered)
        for note, codes in groupby(numbered, key=attrgetter("note")):
            yield from _deliveries(endpoints, note, [*codes], meanings, groups)

    def _meanings_if_asked(
        self, current: Transaction, endpoints: Iterable[Endpoint], numbered: Iterable[Numbered]
    ) -> MeaningsOf:
        if all(each.filter.strength is None for each in endpoints):
            return {}
        return self._meanings(current, {each.edition for each in numbered})


def _groups_if_asked(
    current: Transaction, endpoints: Iterable[Endpoint], numbered: Iterable[Numbered]
) -> Mapping[int, Groups]:
    if not any(each.filter.groups for each in endpoints):
        return {}
    players = sorted({each.note.user_id for each in numbered})
    return {user_id: seen.labels for user_id, seen in PlayerQueries(current).groups_now(players).items()}


def _deliveries(
    endpoints: Iterable[Endpoint],
    note: Note,
    numbered: Sequence[Numbered],
    meanings: MeaningsOf,
    groups: Mapping[int, Groups],
) -> Iterator[Made]:
    topic = TOPIC_OF[note.kind]
    told = [
        Told(
            code=each.code,
            fresh=each.fresh,
            strength=meanings.get(each.edition, {}).get(each.code, UNKNOWN).strength,
        )
        for each in numbered
    ]
    for endpoint in endpoints:
        if codes := codes_that_pass(endpoint.filter, topic, told, groups.get(note.user_id, NO_GROUPS)):
            yield Made(
                message_id=message_id_of(note.user_id, note.t, note.n, note.kind, note.no),
                endpoint_id=endpoint.id,
                topic=topic,
                place=(note.user_id, note.t, note.n, note.no),
                codes=codes,
            )
