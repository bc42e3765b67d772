"""Why a running service may not be ready."""

from enum import StrEnum


class Unready(StrEnum):
    """The reason, in the words of monitoring."""

    DATABASE_UNREACHABLE = "database-unreachable"
    DATABASE_SILENT = "database-silent"
    DATABASE_READ_ONLY = "database-read-only"
    DATABASE_WRITES_FAIL = "database-writes-fail"
    KEYS_UNREADABLE = "keys-unreadable"
    MIGRATION_MISSING = "migration-missing"
    MIGRATION_UNKNOWN = "migration-unknown"
    RULE_BOOK_UNREADABLE = "rule-book-unreadable"


REMEDIES = {
    Unready.DATABASE_UNREACHABLE: "cannot connect to the database: check that it runs and accepts more connections",
    Unready.DATABASE_SILENT: "the database does not answer in time: check its load and its disk",
    Unready.DATABASE_READ_ONLY: (
        "the database accepts no writes: it is a standby, or default_transaction_read_only is on; name the primary in "
        "DATABASE_URL, or all hosts with ?target_session_attrs=read-write, or switch that setting off"
    ),
    Unready.DATABASE_WRITES_FAIL: (
        "the database could not write an event just now, or failed two trial writes in a row: the log says why (disk "
        "full, or trial write failed); free some of the database's disk, look in pg_stat_activity for sessions that "
        "hold locks for long, start the synchronous standby if commits wait for it, or restore the privileges of the "
        "service's login (command: db upgrade)"
    ),
    Unready.KEYS_UNREADABLE: (
        "every event needs a key, and the keys could not be read twice in a row: the log says why (trial write "
        "failed); look in pg_stat_activity for sessions that lock api_key, or restore the privileges of the service's "
        "login (command: db upgrade)"
    ),
    Unready.MIGRATION_MISSING: "the tables are older than this version: apply the migrations (command: db upgrade)",
    Unready.RULE_BOOK_UNREADABLE: "the last valid edition goes on, if there was one; to see the editions: GET /rules",
    Unready.MIGRATION_UNKNOWN: "the tables are newer than this version of the service: start the newer one",
}


class NotReady(Exception):
    """The service is not ready; `reason` says why."""

    def __init__(self, reason: Unready, remedy: str = "") -> None:
        super().__init__(f"{reason}: {remedy or REMEDIES[reason]}")
        self.reason = reason
