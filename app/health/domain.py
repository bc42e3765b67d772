"""Why a service that runs may still not be ready."""

from enum import StrEnum


class Unready(StrEnum):
    """The reason, as monitoring knows it."""

    DATABASE_UNREACHABLE = "database-unreachable"
    DATABASE_SILENT = "database-silent"
    DATABASE_READ_ONLY = "database-read-only"
    DATABASE_WRITES_FAIL = "database-writes-fail"
    MIGRATION_MISSING = "migration-missing"
    MIGRATION_UNKNOWN = "migration-unknown"
    RULE_BOOK_UNREADABLE = "rule-book-unreadable"


REMEDIES = {
    Unready.DATABASE_UNREACHABLE: "no connection to the database can be had: look whether it runs and takes more",
    Unready.DATABASE_SILENT: "the database does not answer in time: look at its load and its disk",
    Unready.DATABASE_READ_ONLY: (
        "the database takes no changes, since it is a standby or default_transaction_read_only is on: give "
        "DATABASE_URL the primary, or all hosts with ?target_session_attrs=read-write, or switch that setting off"
    ),
    Unready.DATABASE_WRITES_FAIL: (
        "what every event writes could not be written, for an event just now or when it was tried twice in a row: the "
        "log says why (disk full, or trial write failed); free some of the database's disk, or look in "
        "pg_stat_activity at who holds locks for long"
    ),
    Unready.MIGRATION_MISSING: "the tables are older than this version: apply the migrations (command: db upgrade)",
    Unready.RULE_BOOK_UNREADABLE: "the last good edition goes on, if there was one; see which are in force: GET /rules",
    Unready.MIGRATION_UNKNOWN: "the tables are newer than this version of the service: start the newer one",
}


class NotReady(Exception):
    """The service cannot do its work; `reason` says why."""

    def __init__(self, reason: Unready, remedy: str = "") -> None:
        super().__init__(f"{reason}: {remedy or REMEDIES[reason]}")
        self.reason = reason
