"""What is to be told that is about no event: written in the transaction that did it, taken up by the worker."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from json import dumps
from typing import Any

from app.rulebook.services import Publication
from app.webhooks.delivery_queries import DeliveryQueries, Made
from app.webhooks.domain import Endpoint, Topic
from app.webhooks.filtering import wants
from app.webhooks.queries import EndpointQueries
from lib.database import Database
from lib.statements import BY_INDEX, Statement, array_literal
from lib.transactions import Transaction

MOST = 100  # notices in a transaction
DEADLINE = 10.0  # seconds of a transaction

ADD = Statement("add_notice", ("text", "jsonb"), "INSERT INTO notice (topic, body) VALUES ($1, $2)")
TAKE_UP = Statement(
    "take_up_notices",
    ("integer",),
    """
    UPDATE notice SET taken_up = true WHERE id IN (
        SELECT id FROM notice WHERE NOT taken_up ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
    ) RETURNING id, topic
    """,
)
ANY_NEW = Statement("any_new_notice", (), "SELECT EXISTS (SELECT FROM notice WHERE NOT taken_up)")
READ = Statement("read_notices", ("bigint[]",), "SELECT id, body, made_at FROM notice WHERE id = ANY ($1)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What to tell, and since when it holds."""

    body: Mapping[str, Any]
    made_at: datetime


def announce(current: Transaction, topic: Topic, body: Mapping[str, Any]) -> None:
    """Leave a notice; whoever listens to its topic is told once the transaction is committed."""
    current.write(ADD, topic.value, dumps(body))


def announce_publication(current: Transaction, publication: Publication) -> None:
    """Leave a notice that an edition of the rules became live."""
    announce(current, Topic.PUBLISHED, asdict(publication))


def read_notices(current: Transaction, ids: Iterable[int]) -> dict[int, Notice]:
    """Return those of the notices that are kept."""
    rows = current.fetch(READ, array_literal(ids))
    return {found: Notice(body=body, made_at=made_at) for found, body, made_at in rows}


class TakingUp:
    """The errand that makes deliveries of new notices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run_once(self) -> bool:
        """Make deliveries of the first new notices; return whether there may be more."""
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            current.write(BY_INDEX)
            [(any_new,)] = current.fetch(ANY_NEW)
            if not any_new:
                current.rollback()
                return False
            taken = current.fetch(TAKE_UP, MOST)
            _make_deliveries(current, [(found, Topic(topic)) for found, topic in taken])
            current.commit()
        return len(taken) == MOST


def _make_deliveries(current: Transaction, notices: Iterable[tuple[int, Topic]]) -> None:
    endpoints = EndpointQueries(current).listening()
    DeliveryQueries(current).add(made for found, topic in notices for made in _deliveries(endpoints, found, topic))


def _deliveries(endpoints: Iterable[Endpoint], notice_id: int, topic: Topic) -> Iterable[Made]:
    return (
        Made(message_id=f"notice_{notice_id}", endpoint_id=each.id, topic=topic, notice_id=notice_id)
        for each in endpoints
        if wants(each.filter, topic)
    )
