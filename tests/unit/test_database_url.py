"""DATABASE_URL: accepts what libpq accepts, passes it on unchanged, and has a form that every program accepts."""

from typing import Any, cast

import pytest
from psycopg2.extensions import parse_dsn
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

from lib.database_url import engine_url, hosts_of, plain_url, ports_of, read_address

# Each in the words of libpq's manual, or of 0.1.
TAKEN: dict[str, dict[str, str]] = {
    "postgresql://u:p@h1:1,h2:2/db?target_session_attrs=read-write": {
        "user": "u", "password": "p", "host": "h1,h2", "port": "1,2", "dbname": "db",
        "target_session_attrs": "read-write",
    },
    "postgres://u@h1,h2/db": {"user": "u", "host": "h1,h2", "port": ",", "dbname": "db"},
    "postgresql://h1,h2:6/db": {"host": "h1,h2", "port": ",6", "dbname": "db"},
    "postgresql://[::1]:5,[fe80::1%25eth0]:6/db": {"host": "::1,fe80::1%eth0", "port": "5,6", "dbname": "db"},
    "postgresql://[::1]/db": {"host": "::1", "dbname": "db"},
    "postgresql:///db?host=h1,h2&port=7": {"host": "h1,h2", "port": "7", "dbname": "db"},
    "postgresql://activity@/db?host=/run/postgresql": {"user": "activity", "host": "/run/postgresql", "dbname": "db"},
    "postgresql:///db?host=/run/postgresql&port=7": {"host": "/run/postgresql", "port": "7", "dbname": "db"},
    "postgresql://%2Frun%2Fpostgresql/db": {"host": "/run/postgresql", "dbname": "db"},
    "postgresql:///db?host=/run/a,h2&port=1,2": {"host": "/run/a,h2", "port": "1,2", "dbname": "db"},
    "postgresql+psycopg2://u%40x:p%2F%25@h/d%20b": {"user": "u@x", "password": "p/%", "host": "h", "dbname": "d b"},
    "postgresql://h/db?options=-c%20search_path%3Dours&sslmode=require": {
        "host": "h", "dbname": "db", "options": "-c search_path=ours", "sslmode": "require",
    },
    "postgresql:///db": {"dbname": "db"},
    "postgresql://h:5/?dbname=db": {"host": "h", "port": "5", "dbname": "db"},
    "host=h dbname=db password='p w' sslmode=require": {
        "host": "h", "dbname": "db", "password": "p w", "sslmode": "require",
    },
    "service=activity": {"service": "activity"},
    # More than libpq takes, and always taken.
    "postgresql://u:sec/ret@h/d": {"user": "u", "password": "sec/ret", "host": "h", "dbname": "d"},
    "postgresql://u:12/ret@h/d": {"user": "u", "password": "12/ret", "host": "h", "dbname": "d"},
    "postgresql://u:s?e#c@h/d": {"user": "u", "password": "s?e#c", "host": "h", "dbname": "d"},
    "postgresql://u:100%@h1:1,h2:2/d": {"user": "u", "password": "100%", "host": "h1,h2", "port": "1,2", "dbname": "d"},
    "postgresql+psycopg2://u@/d?host=h1:1&host=h2:2&sslmode=allow": {
        "user": "u", "dbname": "d", "host": "h1,h2", "port": "1,2", "sslmode": "allow",
    },
}  # fmt: skip


@pytest.mark.parametrize(("address", "parameters"), TAKEN.items(), ids=list(TAKEN))
def test_a_database_url_is_parsed_as_libpq_does(address: str, parameters: dict[str, str]) -> None:
    assert read_address(address) == parameters


@pytest.mark.parametrize("address", TAKEN)
def test_the_parsed_url_is_passed_to_the_driver_unchanged(address: str) -> None:
    parameters = read_address(address)
    _, given = cast("Any", PGDialect_psycopg2)().create_connect_args(engine_url(parameters))
    one_each = ",".join(ports_of(parameters)) if "port" in parameters else None
    given = {name: str(value) for name, value in given.items()}
    assert given in (parameters, {**parameters, "port": one_each})


@pytest.mark.parametrize("address", TAKEN)
def test_the_plain_form_means_the_same_to_every_program(address: str) -> None:
    parameters = read_address(address)
    plain = plain_url(parameters)
    assert plain.startswith("postgresql://")
    shown = parse_dsn(plain)
    assert (hosts_of(shown), ports_of(shown)) == (hosts_of(parameters), ports_of(parameters))
    assert {**shown, "port": ""} == {**parameters, "port": ""}
