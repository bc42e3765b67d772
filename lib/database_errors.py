"""What goes wrong with a database: which of the driver's errors are transient, and which are defects."""

import psycopg2

# SQLSTATE classes and codes of transient errors: connection trouble, resources (disk full, too many connections),
# operator intervention, I/O, locks, and conflicts with a concurrent transaction.
TRANSIENT_CLASSES = frozenset({"08", "53", "57", "58"})
READ_ONLY = "25006"
LOCKED = "55P03"
DISK_FULL = "53100"
CANCELLED = "57014"
# 25P03: the server ended the session because the transaction was idle for too long; our process had been stopped.
TRANSIENT_CODES = frozenset({"40001", "40P01", LOCKED, "25P03", READ_ONLY})
SESSION_ENDED = frozenset({"57P01", "57P02", "57P05"})  # the server shut down, crashed, or ended an idle session

WRITABLE = (
    "it is a standby, or default_transaction_read_only is on: give DATABASE_URL the primary, or all hosts with "
    "?target_session_attrs=read-write, or switch that setting off"
)


class Unavailable(Exception):
    """The database cannot be reached, is overloaded or gave up; the same call may succeed later."""


class ConnectionLost(Unavailable):
    """The connection was lost before it was used: nothing was done, so the caller may start again at once."""


class Locked(Unavailable):
    """A lock could not be acquired within `lock_timeout`."""


class DiskFull(Unavailable):
    """The database's disk is full."""


class StatementTimeout(Unavailable):
    """PostgreSQL cancelled a statement because it took longer than `statement_timeout`, or somebody cancelled it."""


class ReadOnly(Unavailable):
    """The database accepts no changes; the text says what to do."""


BY_CODE: dict[str | None, type[Unavailable]] = {
    LOCKED: Locked,
    DISK_FULL: DiskFull,
    CANCELLED: StatementTimeout,
}


def is_lost(error: psycopg2.Error) -> bool:
    """Return whether the connection is gone: it broke, or the server announced that it ends the session."""
    if error.pgcode is None:
        return isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    return error.pgcode in SESSION_ENDED


def classify_error(error: psycopg2.Error) -> Exception:
    """Return `Unavailable` for a transient error, and the error itself for a defect.

    The text quotes the driver for the log; no client sees it.
    """
    sqlstate = error.pgcode
    if sqlstate is None:
        transient = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    else:
        transient = sqlstate in TRANSIENT_CODES or sqlstate[:2] in TRANSIENT_CLASSES
    message = f"{sqlstate or 'connection lost'}: {str(error).strip()}"
    if sqlstate == READ_ONLY:
        return ReadOnly(f"the database takes no changes ({message}); {WRITABLE}")
    if sqlstate in BY_CODE:
        return BY_CODE[sqlstate](message)
    return Unavailable(message) if transient else error
