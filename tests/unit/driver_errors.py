"""Errors of the PostgreSQL driver, made by hand."""

import psycopg2


class Fault(psycopg2.OperationalError):
    """An error of the driver, with the SQLSTATE that the real one cannot be given."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("the driver's own words")
        self.sqlstate = sqlstate

    @property
    def pgcode(self) -> str | None:  # type: ignore[override]
        return self.sqlstate
