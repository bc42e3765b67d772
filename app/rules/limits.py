"""Limits that several packages share."""

BIGINT_MAX = 2**63 - 1  # of PostgreSQL's bigint: user_id and t
INTEGER_MAX = 2**31 - 1  # of PostgreSQL's integer
MAX_CODE = MAX_EDITION = INTEGER_MAX

AMOUNT = r"[0-9]{1,12}(\.[0-9]{1,2})?"  # an exact amount in plain notation, as a regular expression
AMOUNT_BELOW = 10**12  # every amount is below it
GROUP = r"[a-z0-9][a-z0-9._-]{0,31}"  # a group of players, as a regular expression
MAX_GROUPS = 16  # of a player, and of each list of a rule
EVENT_ID = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}"  # the platform's own id of an event, as a regular expression
MAX_IN_A_SECOND = 1_000  # events of a player: an event in a short window reads all of them

MAX_MOMENTS = 100  # events that the evidence of an alert names
MAX_COUNT = 100  # events in a row that a rule may require
MAX_COUNT_IN_WINDOW = 100_000  # events in a window that a rule may allow
MAX_WINDOW = 366 * 24 * 60 * 60  # seconds
MAX_LISTED_WINDOW = 300  # seconds; the database sums longer windows instead of listing their events
MAX_LONG_WINDOWS = 16  # distinct ones above that in an edition: each costs every event one more sum
