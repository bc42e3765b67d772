"""What is believed of events beside how they were answered, as columns for the queries that read events back."""

# Only players with late events or corrections, whom the clock tells, have revisions: for all others this is the only
# row that is looked for. Each query begins with it, and calls the events `found`.
PLAYER = """
    WITH player AS MATERIALIZED (
        SELECT late_events > 0 OR corrections > 0 AS is_revised FROM user_clock WHERE user_id = $1
    )
"""
# The codes of the last revision of an event, null if there is none.
BELIEVED = """
    CASE WHEN (SELECT is_revised FROM player) THEN (
        SELECT codes_after FROM revision WHERE user_id = $1 AND t = found.t AND n = found.n ORDER BY no DESC LIMIT 1
    ) END
"""
# True for an event that was corrected, else null.
AMENDED = """
    CASE WHEN (SELECT is_revised FROM player) THEN (
        SELECT true FROM superseded_event WHERE user_id = $1 AND t = found.t AND n = found.n ORDER BY no LIMIT 1
    ) END
"""


def with_beliefs(events: str) -> str:
    """Return the query of events with two more columns, `BELIEVED` and `AMENDED`."""
    return f"{PLAYER} SELECT found.*, {BELIEVED}, {AMENDED} FROM ({events}) AS found"  # noqa: S608  # constants of ours
