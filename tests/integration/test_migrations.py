"""Migrations are production code: up, down, up again, and in step with the models."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import flask_migrate
import psycopg2
import pytest
from apiflask import APIFlask

from app.datastores import db
from app.factory import create_app
from tests.integration.conftest import fresh_database, run_sql, settings_with

OBJECTS = """
    SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname !~ '^(pk_)?alembic'
    UNION SELECT typname::text FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typname !~ 'alembic'
    UNION SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conname !~ 'alembic'
"""


@pytest.fixture
def app(server: str) -> Iterator[APIFlask]:
    """The application on a database without tables."""
    with fresh_database(server) as url:
        app = create_app(settings_with(database_url=url))
        yield app
        with app.app_context():
            db.engine.dispose()


def objects(app: APIFlask) -> set[object]:
    return {name for (name,) in run_sql(address(app), OBJECTS)}


def address(app: APIFlask) -> str:
    with app.app_context():
        return db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_up_down_up(app: APIFlask) -> None:
    with app.app_context():
        flask_migrate.upgrade("migrations")
        first = objects(app)
        assert {"activity_event", "user_clock", "registered_user", "activity_type"} <= first
        flask_migrate.downgrade("migrations", "base")
        assert objects(app) == set()
        flask_migrate.upgrade("migrations")
        assert objects(app) == first


def test_models_and_migrations_agree(app: APIFlask) -> None:
    with app.app_context():
        flask_migrate.upgrade("migrations")
        flask_migrate.check("migrations")


def test_every_constraint_and_index_is_named_by_us(app: APIFlask) -> None:
    with app.app_context():
        flask_migrate.upgrade("migrations")
    names = run_sql(
        address(app),
        "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"
        " UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public'",
    )
    ours = {str(name) for (name,) in names} - {"alembic_version_pkc"}
    assert all(name.startswith(("pk_", "ck_", "ix_", "uq_")) for name in ours), ours


def test_two_runs_at_once_take_turns(app: APIFlask) -> None:
    def upgrade(_: int) -> None:
        with app.app_context():
            flask_migrate.upgrade("migrations")

    # One process and one Alembic context cannot run two at once; holding its lock from outside can.
    with closing(psycopg2.connect(address(app))) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(7311030300123)")
        with ThreadPoolExecutor(1) as thread:
            run = thread.submit(upgrade, 0)
            with pytest.raises(TimeoutError):
                run.result(timeout=1)
            assert objects(app) == set()
            cursor.execute("SELECT pg_advisory_unlock(7311030300123)")
            run.result(timeout=20)
    assert "activity_event" in objects(app)


def test_a_migration_does_not_wait_long_for_a_table(app: APIFlask) -> None:
    with app.app_context():
        flask_migrate.upgrade("migrations")
        with closing(psycopg2.connect(address(app))) as other, other.cursor() as cursor:
            cursor.execute("LOCK TABLE user_clock")
            with pytest.raises(Exception, match="lock timeout"):
                flask_migrate.downgrade("migrations", "base")
        assert "registered_user" in objects(app)
