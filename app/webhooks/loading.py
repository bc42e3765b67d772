"""Makes messages of deliveries, from what is stored: a delivery itself has no body."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from app.alerts.feed.domain import Entry
from app.alerts.feed.queries import FeedQueries, Key
from app.alerts.services import Meanings
from app.rules.meaning import UNKNOWN
from app.webhooks.bodies import data_of
from app.webhooks.domain import TOPIC_OF, Delivery
from app.webhooks.messages import Message
from app.webhooks.notices import Notice, read_notices
from lib.transactions import Transaction

KIND_OF = {topic: kind for kind, topic in TOPIC_OF.items()}


def messages_of(current: Transaction, deliveries: Iterable[Delivery], meanings: Meanings) -> dict[int, Message]:
    """Return by delivery its message; one is left out of which nothing is stored any more."""
    told = [*deliveries]
    entries = _entries(current, [key for each in told if (key := _key(each))], meanings)
    ids = {each.notice_id for each in told if each.notice_id is not None}
    notices = read_notices(current, ids) if ids else {}
    made = {each.id: _of_entries(each, entries) or _of_notice(each, notices) for each in told}
    return {delivery_id: message for delivery_id, message in made.items() if message}


def _key(delivery: Delivery) -> Key | None:
    kind = KIND_OF.get(delivery.topic)
    if kind is None or delivery.user_id is None or delivery.t is None or delivery.n is None or delivery.no is None:
        return None
    return delivery.user_id, delivery.t, delivery.n, kind, delivery.no


def _entries(current: Transaction, keys: Sequence[Key], meanings: Meanings) -> Mapping[Key, Sequence[Entry]]:
    found = FeedQueries(current).of_keys(sorted(set(keys)))
    known = meanings(current, {entry.alert.edition for entries in found.values() for entry in entries}) if found else {}
    return {
        key: [
            replace(
                entry,
                alert=replace(entry.alert, meaning=known.get(entry.alert.edition, {}).get(entry.alert.code, UNKNOWN)),
            )
            for entry in entries
        ]
        for key, entries in found.items()
    }


def _of_entries(delivery: Delivery, entries: Mapping[Key, Sequence[Entry]]) -> Message | None:
    key = _key(delivery)
    told = [each for each in entries.get(key, ()) if each.alert.code in delivery.codes] if key else []
    if not told:
        return None
    return Message(id=delivery.message_id, topic=delivery.topic, at=told[0].at, data=data_of(told))


def _of_notice(delivery: Delivery, notices: Mapping[int, Notice]) -> Message | None:
    notice = notices.get(delivery.notice_id) if delivery.notice_id is not None else None
    if notice is None:
        return None
    return Message(id=delivery.message_id, topic=delivery.topic, at=notice.made_at, data=notice.body)
