"""The statements of many events in one transaction: two round trips, however many players they are of.

The first claims the moments of all players and reads what each of them did before; the second stores all. Each
statement does for many players what one in `app.events.queries` or `app.events.history_query` does for one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from operator import or_

from app.events.domain import Decision
from app.events.history_query import CLOCK, KNOWN, PRESENT, PRESENT_PART, HistoryQuery, Row
from app.events.queries import NAMES, NEW_EVENT, NEW_EVENT_OF_GROUPS
from app.events.rows import DECISION, decision_of
from app.events.window_sums import SumsSql
from app.rules.engine import Evaluator
from app.rules.event import ActivityEvent
from app.rules.history import HistoryNeeds
from lib.statements import Statement, array_literal
from lib.transactions import Transaction

# Players are locked in the order of their ids, so two batches cannot each wait for the other. A batch that has to wait
# longer than this for a lock takes its events one by one, and holds no other player meanwhile.
LOCK_TIMEOUT = 0.25  # seconds
# The plans must be index scans whatever the planner knows about tables that were empty when it was asked.
BEGIN = Statement(
    "begin_batch",
    (),
    f"SELECT set_config('lock_timeout', '{LOCK_TIMEOUT}s', true), set_config('enable_seqscan', 'off', true)",
)
# A player's clock is claimed for the first of their events, and counts all of them; $4 are the players whose first
# event has an id, and may share the latest second (A49).
CLAIM_MANY = Statement(
    "claim_moments",
    ("bigint[]", "bigint[]", "bigint[]", "bigint[]"),
    """
    INSERT INTO user_clock AS clock (user_id, last_t, events)
    SELECT * FROM unnest($1, $2, $3) AS next (user_id, last_t, events) ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET last_t = excluded.last_t, events = clock.events + excluded.events
    WHERE clock.last_t < excluded.last_t OR (clock.last_t = excluded.last_t AND excluded.user_id = ANY ($4))
    RETURNING user_id
    """,
)
# After the claim a clock shows its player's first event of the batch, so the parts of a history need no more.
CLOCK_PART = f"""
    (SELECT {CLOCK}, clock.last_t, NULL::activity_type, NULL::numeric, clock.events, clock.corrections, NULL::text)"""
HISTORIES = """
    SELECT clock.user_id, before.* FROM user_clock AS clock JOIN LATERAL ({parts}) AS before ON true
    WHERE clock.user_id = ANY ($1)"""
KNOWN_IDS = f"""
    UNION ALL
    SELECT user_id, {KNOWN}, t, NULL, NULL, NULL, n, event_id FROM activity_event
    JOIN unnest($2, $3) AS sent (user_id, event_id) USING (user_id, event_id) WHERE event_id IS NOT NULL"""  # noqa: S608  # numbers of ours
STORE_MANY = Statement(
    "store_events",
    (
        *("bigint[]", "bigint[]", "activity_type[]", "numeric[]", "text[]", "integer"),
        *("bigint[]", "integer", "integer[]", "text[]"),
    ),
    NEW_EVENT.format(
        row="""
        SELECT user_id, t, type, amount, alert_codes::integer[], $6, seq, $8, n, event_id
        FROM unnest($1, $2, $3, $4, $5, $7, $9, $10) AS new (user_id, t, type, amount, alert_codes, seq, n, event_id)
        """
    ),
)
STORE_MANY_OF_GROUPS = Statement(
    "store_events_of_groups",
    (*STORE_MANY.types, "integer[]"),
    NEW_EVENT_OF_GROUPS.format(
        row="""
        SELECT user_id, t, type, amount, alert_codes::integer[], $6, seq, $8, n, event_id, groups_version
        FROM unnest($1, $2, $3, $4, $5, $7, $9, $10, $11)
            AS new (user_id, t, type, amount, alert_codes, seq, n, event_id, groups_version)
        """
    ),
)

# Not of players with corrections: a corrected event has another first answer than its row says (A52).
STORED_MANY = Statement(
    "stored_events",
    ("bigint[]", "bigint[]"),
    f"""
    SELECT user_id, t, {DECISION} FROM activity_event JOIN unnest($1, $2) AS sent (user_id, t) USING (user_id, t)
    JOIN user_clock USING (user_id) WHERE n = 0 AND corrections = 0
    """,  # noqa: S608  # columns of ours
)
STORED_MANY_AS = Statement(
    "stored_events_with_ids",
    ("bigint[]", "text[]"),
    f"""
    SELECT user_id, t, {DECISION} FROM activity_event
    JOIN unnest($1, $2) AS sent (user_id, event_id) USING (user_id, event_id)
    JOIN user_clock USING (user_id) WHERE event_id IS NOT NULL AND corrections = 0
    """,  # noqa: S608  # as above
)


class HistoriesQuery:
    """The query for what many players did before, as far back as the rules need for events of any type."""

    def __init__(self, name: str, needs: HistoryNeeds, version: str) -> None:
        self._of_one = HistoryQuery(name, needs)
        self.needs = needs
        self.sums = self._of_one.sums
        self.reads_latest = self._of_one.reads_latest
        openings = ("bigint[]",) * len(self._of_one.periods)
        sql, types = self._sql(2), ("bigint[]", *openings)
        self.statement = Statement(name, types, sql, family="histories", version=version)
        sql, types = self._sql(4) + KNOWN_IDS, ("bigint[]", "bigint[]", "text[]", *openings)
        self.with_ids = Statement(f"{name}_with_ids", types, sql, family="histories", version=version)

    def opened(self, events: Sequence[ActivityEvent]) -> list[str]:
        """Return, for each period, when it began that ends at each of these events."""
        return [array_literal(max(period.opens(event.t), 0) for event in events) for period in self._of_one.periods]

    def _sql(self, first: int) -> str:
        """Return the statement, in which the beginnings of the periods are the parameters from `first` on."""
        periods = self._of_one.periods
        marks = {period: f"@{index}@" for index, period in enumerate(periods)}
        sums = SumsSql(self.sums, "<=", marks).with_totals() if self.sums else ()
        parts = PRESENT_PART.format(present=PRESENT), *self._of_one.parts("<="), *sums
        sql = HISTORIES.format(parts="UNION ALL".join((CLOCK_PART, *map(_of_clock, parts))))
        for index, mark in enumerate(marks.values(), first):
            sql = sql.replace(mark, f"(${index})[array_position($1, clock.user_id)]")
        return sql


def _of_clock(part: str) -> str:
    return part.replace("$1", "clock.user_id").replace("$2", "clock.last_t")


@lru_cache(maxsize=16)
def histories_query(evaluator: Evaluator) -> HistoriesQuery:
    """Return the query for the histories that the editions in force need."""
    version = "_".join(str(each.edition) for each in evaluator.rule_sets)
    return HistoriesQuery(f"histories_{version}", reduce(or_, evaluator.needs.values()), version)


class BatchQueries:
    """Queries of many events within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def decisions_on(self, events: Sequence[ActivityEvent]) -> dict[tuple[int, int | str], Decision]:
        """Return the decisions on what is stored under the identities of these events: by player, and id or `t`."""
        self._transaction.write(BEGIN)
        alone = [(event.user_id, event.t) for event in events if event.event_id is None]
        named = [(event.user_id, event.event_id) for event in events if event.event_id is not None]
        found: dict[tuple[int, int | str], Decision] = {}
        for statement, identities in ((STORED_MANY, alone), (STORED_MANY_AS, named)):
            if identities:
                columns = map(array_literal, zip(*identities, strict=True))
                for user_id, t, *columns_of in self._transaction.fetch(statement, *columns):
                    decision = decision_of(user_id, t, columns_of, replayed=True)
                    found[user_id, t if statement is STORED_MANY else str(decision.event.event_id)] = decision
        return found

    def begin(self) -> None:
        """Shorten the wait for locks; the transaction's first statement."""
        self._transaction.write(BEGIN)

    def claim_system(self, user_id: int, events: Sequence[ActivityEvent]) -> bool:
        """Claim the system's next moments, if the first event is after its latest."""
        first = [user_id], [events[0].t], [len(events)], ()
        return bool(self._transaction.fetch(CLAIM_MANY, *map(array_literal, first)))

    def claim(self, events_of: Mapping[int, Sequence[ActivityEvent]], query: HistoriesQuery) -> dict[int, list[Row]]:
        """Claim each player's next moments and read what came before: rows for `read_claim`, by player.

        The players must come in the order of their ids.
        """
        firsts = [events[0] for events in events_of.values()]
        counts = map(len, events_of.values())
        with_id = [event.user_id for event in firsts if event.event_id is not None]
        moments = ([event.t for event in firsts], counts, with_id)
        users = array_literal(events_of)
        self._transaction.write(CLAIM_MANY, users, *map(array_literal, moments))
        named = [event for events in events_of.values() for event in events if event.event_id is not None]
        if named:
            ids = array_literal(event.user_id for event in named), array_literal(event.event_id for event in named)
            rows = self._transaction.fetch(query.with_ids, users, *ids, *query.opened(firsts))
        else:
            rows = self._transaction.fetch(query.statement, users, *query.opened(firsts))
        rows_of: dict[int, list[Row]] = defaultdict(list)
        for row in rows:
            rows_of[row[0]].append(row[1:])
        return rows_of

    def advance(self, latest: Mapping[int, int]) -> None:
        """Move claimed clocks on to the `t` of the last event of each player, in the order of their ids."""
        columns = latest, latest.values(), [0] * len(latest), ()
        self._transaction.write(CLAIM_MANY, *map(array_literal, columns))

    def store(
        self, decisions: Sequence[Decision], seqs: Iterable[int], key_id: int | None, versions: Sequence[int] = ()
    ) -> None:
        """Store the events with their decisions and arrival numbers; all are of one edition.

        `versions` are those of the groups that the events were judged with, if there are rules for groups.
        """
        events = [decision.event for decision in decisions]
        codes = [f"{{{','.join(map(str, decision.alert_codes))}}}" for decision in decisions]
        columns = (
            array_literal(event.user_id for event in events),
            array_literal(event.t for event in events),
            array_literal(NAMES[event.type] for event in events),
            array_literal(event.amount for event in events),
            array_literal(codes),
            decisions[0].edition,
            array_literal(seqs),
            key_id,
            array_literal(event.n for event in events),
            array_literal(event.event_id for event in events),
        )
        if versions:
            self._transaction.write(STORE_MANY_OF_GROUPS, *columns, array_literal(versions))
        else:
            self._transaction.write(STORE_MANY, *columns)
