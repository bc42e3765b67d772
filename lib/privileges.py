"""What the service's login may do with each table: said beside the table, granted by its owner, no more and no less.

Two logins share a database: the owner's makes and changes the tables, the service's reads them and writes the columns
that are named. So whoever gets hold of the service can neither rewrite what is kept nor take a trigger away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812  # a class, whatever its letters
from psycopg2.extensions import quote_ident

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

KEY = "service"  # under which a table's `info` has it
LOGIN = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"

# Of all that the present login owns here; what an extension has brought is left as it came.
OWNED_COLUMNS = """
    SELECT quote_ident(relname), array_agg(attname::text) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
        AND pg_has_role(relowner, 'USAGE')
    GROUP BY relname ORDER BY relname
"""
OWNED_FUNCTIONS = """
    SELECT oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND pg_has_role(proowner, 'USAGE')
        AND NOT EXISTS (
            SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
        )
"""
# Whoever was let write before: a later migration lets the same ones, also where it does not hear who they are.
WRITERS = """
    SELECT DISTINCT pg_get_userbyid(grantee)::text FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid,
        LATERAL (SELECT (aclexplode(relacl)).* UNION SELECT (aclexplode(attacl)).*) AS granted
    WHERE relnamespace = current_schema()::regnamespace AND relname = ANY (%s)
        AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner)
"""
POWERS = """
    SELECT current_user, current_database(), rolsuper, EXISTS (
        SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = ANY (%s)
            AND pg_has_role(relowner, 'MEMBER')
    ) FROM pg_roles WHERE rolname = current_user
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """The columns that the service writes in new rows and in stored ones, and whether it removes rows.

    It reads every column. Rows that it removes are of queues and work tables, or a trigger says which may go.
    """

    insert: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers:
    """What a login may do that no service needs: everything (a superuser), or what the owner of the tables may."""

    login: str
    database: str
    superuser: bool
    owner: bool


class Undeclared(Exception):
    """A table says nothing of the service's login; the text names it."""


def cursor_of(connection: "Connection") -> Cursor:
    """Return a cursor of the driver's, in the transaction of the connection."""
    driver: Any = connection.connection
    cursor: Cursor = driver.cursor()
    return cursor


def may(*, insert: str = "", update: str = "", delete: bool = False) -> dict[str, Any]:
    """Return the last of a table's `__table_args__`: which columns (names with spaces between) the service writes."""
    return {"info": {KEY: May(insert=tuple(insert.split()), update=tuple(update.split()), delete=delete)}}


def declared(metadata: "MetaData") -> dict[str, May]:
    """Return what is said of each table; raises `Undeclared`."""
    silent = sorted(name for name, table in metadata.tables.items() if KEY not in table.info)
    if silent:
        raise Undeclared(f"{', '.join(silent)}: say with lib.privileges.may what the service's login may do")
    return {name: table.info[KEY] for name, table in metadata.tables.items()}


def powers_of(cursor: Cursor, tables: list[str]) -> Powers:
    """Ask what the present login may do, `tables` being those that it should not own."""
    cursor.execute(POWERS, [tables])
    [(login, database, superuser, owner)] = cursor.fetchall()
    return Powers(login=login, database=database, superuser=superuser, owner=owner)


def is_login(cursor: Cursor, role: str) -> bool:
    """Tell whether there is a role of that name."""
    cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role])
    return bool(cursor.fetchall()[0][0])


def make_login(cursor: Cursor, role: str, password: str) -> None:
    """Make a login that may do nothing yet, or give the one that is there this password."""
    verb = "ALTER" if is_login(cursor, role) else "CREATE"
    cursor.execute(f"{verb} ROLE {quote_ident(role, cursor)} {LOGIN} PASSWORD %s", [password])


def grant(connection: "Connection", metadata: "MetaData", role: str | None, *, also_read: str) -> list[str]:
    """Let the service's logins do what the tables say, and nothing else; return who they are.

    They are `role` and those that were let write before. As the owner, in the transaction of the connection, which the
    caller commits. Tables that the database does not have (yet) are left out; `also_read` is one that has no model.
    """
    allowed = declared(metadata)
    cursor = cursor_of(connection)
    cursor.execute(WRITERS, [list(allowed)])
    roles = sorted({name for (name,) in cursor.fetchall()} | ({role} if role else set()))
    cursor.execute(OWNED_COLUMNS)
    there = {table: set(columns) for table, columns in cursor.fetchall()}
    if not there:
        return []  # the login of the connection owns nothing here, so it has nothing to give
    cursor.execute(OWNED_FUNCTIONS)
    functions = [signature for (signature,) in cursor.fetchall()]
    cursor.execute("SELECT quote_ident(current_database()), quote_ident(current_schema())")
    [(database, schema)] = cursor.fetchall()
    for statement in _public(there, functions, database, schema):
        cursor.execute(statement)
    for each in roles:
        name = quote_ident(each, cursor)
        cursor.execute(f"GRANT CONNECT ON DATABASE {database} TO {name}; GRANT USAGE ON SCHEMA {schema} TO {name}")
        for table, columns in there.items():
            said = May() if table == also_read else allowed.get(table)
            for statement in _on_table(table, said, columns):
                cursor.execute(f"{statement} {name}")
    return roles


def _public(there: dict[str, set[str]], functions: list[str], database: str, schema: str) -> Iterator[str]:
    """Take back what PostgreSQL gives to everybody."""
    yield f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC"
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"
    yield from (f"REVOKE ALL ON {table} FROM PUBLIC" for table in there)
    yield from (f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC" for signature in functions)


def _on_table(table: str, said: May | None, columns: set[str]) -> Iterator[str]:
    """Yield statements up to the name of who is let; of a table that nobody declared, everything is taken back."""
    yield f"REVOKE ALL ON {table} FROM"
    if said is None:
        return
    yield f"GRANT SELECT ON {table} TO"
    for verb, named in (("INSERT", said.insert), ("UPDATE", said.update)):
        if present := [column for column in named if column in columns]:
            yield f"GRANT {verb} ({', '.join(present)}) ON {table} TO"
    if said.delete:
        yield f"GRANT DELETE ON {table} TO"
