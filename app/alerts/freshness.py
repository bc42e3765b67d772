"""The SQL that tells whether an alert is fresh: its player's event just before did not raise its code (A58).

What an event raised is what is believed of it when it is asked: the codes after its last revision, else those that were
answered. In the shadow it is the alerts of the shadow, which is not judged again.
"""

from app.rules.limits import INTEGER_MAX

MAX_ALERTS = 100  # of an event in the shadow, as an edition has at most so many rules
# `before` is an event of the table `activity_event`.
BELIEVED = """
    coalesce((
        SELECT codes_after FROM revision
        WHERE user_id = before.user_id AND t = before.t AND n = before.n ORDER BY no DESC LIMIT 1
    ), before.alert_codes)"""
# Written for the index on (shadow, t, user_id, n, code), the only one in this order; by the primary key, all alerts of
# a player would be scanned. Without a limit the planner, who takes such a range for a ninth of the table, would rather
# scan that; so it would in an EXISTS, which ignores order and limit.
SHADOWED = """
    SELECT code FROM alert WHERE code > 0 AND shadow
        AND (t, user_id, n, code) >= (before.t, before.user_id, before.n, {least})
        AND (t, user_id, n, code) <= (before.t, before.user_id, before.n, {greatest})
    ORDER BY t, user_id, n, code LIMIT {most}"""

# Of the alert of player $1, `t` $2, `n` $3 and code $4: one for each edition, as a look-up that is planned and not
# needed costs an alert a tenth more (measured).
_FRESH = """
    NOT EXISTS (
        SELECT FROM (
            SELECT user_id, t, n, alert_codes FROM activity_event
            WHERE user_id = $1 AND (t, n) < ($2, $3) ORDER BY t DESC, n DESC LIMIT 1
        ) AS before WHERE {repeated}
    )"""
FRESH = _FRESH.format(repeated=f"$4 = ANY ({BELIEVED})")
FRESH_IN_SHADOW = _FRESH.format(repeated=f"$4 = ({SHADOWED.format(least='$4', greatest='$4', most=1)})")
# What the latest stored event of each of some players raised, without players who have none.
RAISED_LAST = f"""
    SELECT clock.user_id, raised.* FROM user_clock AS clock CROSS JOIN LATERAL (
        SELECT {BELIEVED} AS codes,
            ARRAY({SHADOWED.format(least=0, greatest=INTEGER_MAX, most=MAX_ALERTS)}) AS shadowed
        FROM activity_event AS before WHERE user_id = clock.user_id ORDER BY t DESC, n DESC LIMIT 1
    ) AS raised WHERE clock.user_id = ANY ({{users}})"""  # noqa: S608  # all ours
