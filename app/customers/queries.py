"""The queries of a customer's page. Each is bounded, however many events and alerts the customer has."""

from collections.abc import Sequence

from app.customers.domain import MAX_MARKED, Marks, Person, PublishedEdition, Registered
from app.customers.totals import MAX_SCANNED, Money, Slice
from app.rules.event import TYPE_BY_NAME
from lib.statements import BY_INDEX, Statement, array_literal
from lib.transactions import Transaction

PERSON = Statement(
    "person",
    ("bigint",),
    """
    SELECT clock_timestamp(), player.name, player.email, player.groups, player.created_at, first.t, last.t,
        clock.corrections, (
            SELECT json_agg(json_build_array(edition, extract(epoch FROM published_at)::bigint)) FROM (
                SELECT edition, published_at FROM rule_book WHERE published_at IS NOT NULL
                ORDER BY edition DESC LIMIT 50
            ) AS newest
        )
    FROM (SELECT $1 AS user_id) AS asked
    LEFT JOIN registered_user AS player USING (user_id)
    LEFT JOIN user_clock AS clock USING (user_id)
    LEFT JOIN (SELECT t FROM activity_event WHERE user_id = $1 ORDER BY t, n LIMIT 1) AS first ON true
    LEFT JOIN (SELECT t FROM activity_event WHERE user_id = $1 ORDER BY t DESC, n DESC LIMIT 1) AS last ON true
    """,
)
IS_KNOWN = Statement(
    "customer_is_known",
    ("bigint",),
    """
    SELECT EXISTS (SELECT FROM registered_user WHERE user_id = $1)
        OR EXISTS (SELECT FROM user_clock WHERE user_id = $1 AND user_id > 0)
    """,
)
TYPES = ", ".join(f"('{name}'::activity_type)" for name in TYPE_BY_NAME)
# An index-only scan of the newest events of each type. A range of one type and an order that names it let only the
# index on (user_id, type, t, n) serve, which has the amounts, as in app.events.window_sums.
MONEY = Statement(
    "money_of_customer",
    ("bigint", "bigint[]", "bigint"),
    f"""
    SELECT kind::text, place, count(*), sum(amount), min(t) FROM (
        SELECT of_type.kind, width_bucket(events.t, $2) AS place, events.* FROM (VALUES {TYPES}) AS of_type (kind)
        CROSS JOIN LATERAL (
            SELECT t, amount FROM activity_event
            WHERE user_id = $1 AND type BETWEEN of_type.kind AND of_type.kind
            ORDER BY type DESC, t DESC, n DESC LIMIT $3
        ) AS events
    ) AS placed
    GROUP BY kind, place
    """,  # noqa: S608  # names of ours
)
# The planner takes a limit that it does not know for a small one, and would sort all these events to group them: of
# 100,000, that took twice as long as to hash them (measured).
BY_HASH = Statement("by_hash", (), "SELECT set_config('enable_sort', 'off', true)")
SORTED_AGAIN = Statement("sorted_again", (), "SELECT set_config('enable_sort', 'on', true)")
# From one kind of alert (an edition and a code) to the next by the primary key, as in app.alerts.queries, and of each
# the newest, from the index alone. What the shadow raised is not among them.
MARKS = Statement(
    "alerts_of_customer",
    ("bigint", "bigint[]", "bigint", "bigint"),
    """
    WITH RECURSIVE kind (edition, code) AS (
        (SELECT edition, code FROM alert WHERE user_id = $1 AND shadow = false ORDER BY edition, code LIMIT 1)
        UNION ALL
        SELECT later.* FROM kind CROSS JOIN LATERAL (
            SELECT edition, code FROM alert
            WHERE user_id = $1 AND shadow = false AND (edition, code) > (kind.edition, kind.code)
            ORDER BY edition, code LIMIT 1
        ) AS later
    )
    SELECT kind.code, width_bucket(newest.t, $2), count(*), max(newest.t) FROM kind CROSS JOIN LATERAL (
        SELECT t FROM alert
        WHERE user_id = $1 AND shadow = false AND edition = kind.edition AND code = kind.code AND t >= $3
        ORDER BY edition DESC, code DESC, t DESC, n DESC LIMIT $4
    ) AS newest
    GROUP BY 1, 2 ORDER BY 2, 1
    """,
)


class CustomerQueries:
    """Queries of one customer within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def person(self, user_id: int) -> Person:
        """Return who a customer is, and the editions of the rules, the newest first, at most 50."""
        self._transaction.write(BY_INDEX)
        [(now, name, email, groups, since, first_t, last_t, corrections, editions)] = self._transaction.fetch(
            PERSON, user_id
        )
        return Person(
            user_id=user_id,
            registered=None if email is None else Registered(name, email, sorted(groups), since),
            first_t=first_t,
            last_t=last_t,
            corrections=corrections or 0,
            editions=[PublishedEdition(*each) for each in editions or ()],
            now=now,
        )

    def is_known(self, user_id: int) -> bool:
        """Return whether anybody with this number is registered or has events."""
        [(known,)] = self._transaction.fetch(IS_KNOWN, user_id)
        return bool(known)

    def money(self, user_id: int, edges: Sequence[int]) -> Money:
        """Return what a customer did with money, in slices that begin with these `t`, and one before them."""
        self._transaction.write(BY_INDEX)
        self._transaction.write(BY_HASH)
        rows = self._transaction.fetch(MONEY, user_id, array_literal(edges), MAX_SCANNED)
        self._transaction.write(SORTED_AGAIN)
        begins = (-1, *edges)
        return Money(
            slices=[
                Slice(TYPE_BY_NAME[kind], begins[place], count, total, oldest)
                for kind, place, count, total, oldest in rows
            ]
        )

    def marks(self, user_id: int, edges: Sequence[int]) -> list[Marks]:
        """Return the alerts of a customer in the buckets that begin with these `t`; retracted ones are among them."""
        self._transaction.write(BY_INDEX)
        rows = self._transaction.fetch(MARKS, user_id, array_literal(edges), edges[0], MAX_MARKED)
        return [Marks(code, edges[place - 1], count, newest) for code, place, count, newest in rows]
