"""Locks that another connection holds while a test looks at what waits for them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2


@contextmanager
def locked(database: str, statement: str) -> Iterator[None]:
    """Hold the locks of a statement as long as the block lasts; at its end nobody has to wait for them.

    Closing the connection alone would release them only when the server comes to notice it.
    """
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute(statement)
        yield
        other.rollback()
