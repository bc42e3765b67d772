"""Limits that several packages keep to."""

BIGINT_MAX = 2**63 - 1  # of PostgreSQL's bigint: user_id and t
INTEGER_MAX = 2**31 - 1  # of PostgreSQL's integer
MAX_CODE = MAX_EDITION = INTEGER_MAX

AMOUNT = r"[0-9]{1,12}(\.[0-9]{1,2})?"  # an exact amount in plain notation, as a regular expression
AMOUNT_BELOW = 10**12  # no amount has more digits

MAX_COUNT = 100  # events in a row that a rule may ask for
MAX_WINDOW = 31 * 24 * 60 * 60  # seconds
MAX_LISTED_WINDOW = 300  # seconds; the events of a longer window are not listed but summed up by the database
MAX_LONG_WINDOWS = 8  # different ones of an edition whose events are not listed: each is one more sum at every event
