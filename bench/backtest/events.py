"""The events to backtest: SQL alone makes and judges them, so that a verification can find disagreement."""

from bench.database import run

# About twenty seconds from event to event and three in ten withdrawals, as in the load of the other measurement, but
# in no pattern; in order of time, then of player, as events arrive.
_EVENTS = """
    INSERT INTO activity_event (user_id, t, type, amount, alert_codes, edition, seq)
    WITH made AS MATERIALIZED (
        SELECT user_id, 1760000000 + 20 * n + (hashint8(user_id * 1000003 + n) & 15) AS t,
            (CASE WHEN (hashint8(user_id * 7919 + n * 104729) & 1023) < 307 THEN 'withdraw' ELSE 'deposit' END
            )::activity_type AS type,
            (500 + (hashint8(user_id * 31 + n * 17) & 16383)) / 100.0 AS amount
        FROM generate_series(1, %(each)s) AS n CROSS JOIN generate_series(1, %(users)s) AS user_id
    ), of_type AS (
        SELECT *, type = 'deposit' AND amount > lag(amount) OVER own AND lag(amount) OVER own > lag(amount, 2) OVER own
            AS rising
        FROM made WINDOW own AS (PARTITION BY user_id, type ORDER BY t)
    ), looked_back AS (
        SELECT *, count(*) FILTER (WHERE type = 'deposit') OVER all_before AS deposits,
            type = 'withdraw' AND lag(type) OVER all_before = 'withdraw' AND lag(type, 2) OVER all_before = 'withdraw'
            AS third_withdraw,
            sum(amount) FILTER (WHERE type = 'deposit') OVER (
                PARTITION BY user_id ORDER BY t RANGE BETWEEN 30 PRECEDING AND CURRENT ROW
            ) > 200 AS much_at_once
        FROM of_type WINDOW all_before AS (PARTITION BY user_id ORDER BY t)
    ), judged AS (
        SELECT *, deposits > 0 AND bool_or(rising) OVER (PARTITION BY user_id, deposits) AS rose FROM looked_back
    )
    SELECT user_id, t, type, amount, array_remove(ARRAY[
        CASE WHEN third_withdraw THEN 30 END, CASE WHEN much_at_once THEN 123 END, CASE WHEN rose THEN 300 END,
        CASE WHEN type = 'withdraw' AND amount > 100 THEN 1100 END
    ]::integer[], NULL), 1, row_number() OVER (PARTITION BY user_id ORDER BY t) FROM judged ORDER BY t, user_id
"""
# The events of each alert, and all that its evidence says of them.
_ALERTS = """
    INSERT INTO alert (user_id, t, code, shadow, edition, evidence)
    SELECT user_id, t, code, false, 1, jsonb_build_object('moments', proof.moments, 'count', proof.count) || CASE code
        WHEN 1100 THEN jsonb_build_object('value', amount::text, 'limit', '100.00',
            'sentence', format('%s withdrawn at once; the limit is 100.00', amount))
        WHEN 123 THEN jsonb_build_object('value', proof.total::text, 'limit', '200.00', 'sentence', format(
            '%s deposited in %s s by %s deposits; the limit is 200.00 in 30 s', total, event.t - first_t, proof.count))
        WHEN 30 THEN jsonb_build_object('value', '3', 'limit', '3', 'sentence', format(
            '3 withdraws in a row, in %s s; the limit is 3 in a row', event.t - first_t))
        ELSE jsonb_build_object('value', '3', 'limit', '3', 'sentence', format(
            'the last 3 deposits rose from %s; the limit is 3 that rise', amounts)) END
    FROM activity_event AS event CROSS JOIN unnest(alert_codes) AS code
    CROSS JOIN LATERAL (SELECT (CASE WHEN code IN (123, 300) THEN 'deposit' ELSE 'withdraw' END)::activity_type AS type,
        CASE code WHEN 123 THEN 30 ELSE event.t END AS seconds,
        CASE code WHEN 123 THEN 31 WHEN 1100 THEN 1 ELSE 3 END AS most
    ) AS own
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(t ORDER BY t DESC) AS moments, count(*), sum(amount) AS total, min(t) AS first_t,
            string_agg(amount::text, ' to ' ORDER BY t) AS amounts
        FROM (
            SELECT last.t, last.amount FROM activity_event AS last WHERE last.user_id = event.user_id
                AND last.t BETWEEN event.t - own.seconds AND event.t AND last.type BETWEEN own.type AND own.type
            ORDER BY last.type DESC, last.t DESC LIMIT own.most
        ) AS within
    ) AS proof
"""
_CLOCKS = """
    INSERT INTO user_clock (user_id, last_t, events)
    SELECT user_id, max(t), count(*) FROM activity_event GROUP BY user_id
"""


def store(url: str, *, users: int, each: int) -> int:
    """Store so many events of each player with their codes and alerts; return how many alerts these are."""
    run(url, _EVENTS, {"users": users, "each": each})
    run(url, _ALERTS)
    run(url, _CLOCKS)
    run(url, "VACUUM (ANALYZE)")
    run(url, "CHECKPOINT")
    [(alerts,)] = run(url, "SELECT count(*) FROM alert")
    return int(alerts)
