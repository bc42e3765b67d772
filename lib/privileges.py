"""The privileges of the service's login: declared beside each table, and granted exactly so by the tables' owner.

Two logins share a database: the owner creates and changes the tables; the service reads them and writes the declared
columns. So an attacker who controls the service can neither rewrite stored rows nor drop a trigger.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812  # it is a class
from psycopg2.extensions import quote_ident

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

KEY = "service"  # the key of a table's privileges in its `info`
LOGIN = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"

# What the current login owns in this schema; functions of an extension are left alone.
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
# Logins that may already write: a later migration grants to them again, even if no setting names them.
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
    """The columns that the service may insert and update, and whether it may delete rows.

    It may read every column. It deletes from queues and work tables only, or where a trigger decides which rows may go.
    `call` names functions of the owner, which write to the table with the owner's privileges.
    """

    insert: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: bool = False
    call: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers:
    """Whether a login has powers that no service needs: those of a superuser, or of the tables' owner."""

    login: str
    database: str
    superuser: bool
    owner: bool


class Undeclared(Exception):
    """A table declares no privileges of the service's login; the text names it."""


def cursor_of(connection: "Connection") -> Cursor:
    """Return a psycopg2 cursor in the connection's transaction."""
    driver: Any = connection.connection
    cursor: Cursor = driver.cursor()
    return cursor


def may(*, insert: str = "", update: str = "", delete: bool = False, call: str = "") -> dict[str, Any]:
    """Return the last item of a table's `__table_args__`; columns and functions are separated by spaces."""
    names = {"insert": tuple(insert.split()), "update": tuple(update.split()), "call": tuple(call.split())}
    return {"info": {KEY: May(delete=delete, **names)}}


def declared(metadata: "MetaData") -> dict[str, May]:
    """Return the declared privileges of each table; raises `Undeclared`."""
    missing = sorted(name for name, table in metadata.tables.items() if KEY not in table.info)
    if missing:
        raise Undeclared(f"{', '.join(missing)}: say with lib.privileges.may what the service's login may do")
    return {name: table.info[KEY] for name, table in metadata.tables.items()}


def powers_of(cursor: Cursor, tables: list[str]) -> Powers:
    """Return the powers of the current login; `tables` are those that it should not own."""
    cursor.execute(POWERS, [tables])
    [(login, database, superuser, owner)] = cursor.fetchall()
    return Powers(login=login, database=database, superuser=superuser, owner=owner)


def is_login(cursor: Cursor, role: str) -> bool:
    """Return whether there is a role of that name."""
    cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role])
    return bool(cursor.fetchall()[0][0])


def make_login(cursor: Cursor, role: str, password: str) -> None:
    """Create a login without privileges, or set the password of an existing one."""
    verb = "ALTER" if is_login(cursor, role) else "CREATE"
    cursor.execute(f"{verb} ROLE {quote_ident(role, cursor)} {LOGIN} PASSWORD %s", [password])


def grant(connection: "Connection", metadata: "MetaData", role: str | None, *, also_read: str) -> list[str]:
    """Grant the service's logins exactly the declared privileges; return the logins.

    These are `role` and those that may already write. The connection is the owner's, and the caller commits. Tables
    that the database does not have (yet) are skipped; `also_read` is a readable table that has no model.
    """
    allowed = declared(metadata)
    cursor = cursor_of(connection)
    cursor.execute(WRITERS, [list(allowed)])
    roles = sorted({name for (name,) in cursor.fetchall()} | ({role} if role else set()))
    cursor.execute(OWNED_COLUMNS)
    owned = {table: set(columns) for table, columns in cursor.fetchall()}
    if not owned:
        return []  # the connection's login owns nothing here, so it has nothing to grant
    cursor.execute(OWNED_FUNCTIONS)
    functions = [signature for (signature,) in cursor.fetchall()]
    cursor.execute("SELECT quote_ident(current_database()), quote_ident(current_schema())")
    [(database, schema)] = cursor.fetchall()
    callable_functions = {function for privileges in allowed.values() for function in privileges.call}
    for statement in _revoke_public(owned, functions, database, schema):
        cursor.execute(statement)
    for each in roles:
        name = quote_ident(each, cursor)
        cursor.execute(f"GRANT CONNECT ON DATABASE {database} TO {name}; GRANT USAGE ON SCHEMA {schema} TO {name}")
        for table, columns in owned.items():
            privileges = May() if table == also_read else allowed.get(table)
            for statement in _on_table(table, privileges, columns):
                cursor.execute(f"{statement} {name}")
        for signature in functions:
            if signature.partition("(")[0] in callable_functions:
                cursor.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {name}")
    return roles


def _revoke_public(owned: dict[str, set[str]], functions: list[str], database: str, schema: str) -> Iterator[str]:
    """Yield statements that revoke what PostgreSQL grants to everybody."""
    yield f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC"
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"
    yield from (f"REVOKE ALL ON {table} FROM PUBLIC" for table in owned)
    yield from (f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC" for signature in functions)


def _on_table(table: str, privileges: May | None, columns: set[str]) -> Iterator[str]:
    """Yield statements that lack only the role's name; on a table without a declaration, everything is revoked."""
    yield f"REVOKE ALL ON {table} FROM"
    if privileges is None:
        return
    yield f"GRANT SELECT ON {table} TO"
    for verb, named in (("INSERT", privileges.insert), ("UPDATE", privileges.update)):
        if present := [column for column in named if column in columns]:
            yield f"GRANT {verb} ({', '.join(present)}) ON {table} TO"
    if privileges.delete:
        yield f"GRANT DELETE ON {table} TO"
