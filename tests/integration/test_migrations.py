"""Migrations are production code: up, down, up again, and in step with the models."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import flask_migrate
import psycopg2
import pytest
from apiflask import APIFlask

from app.datastores import AdvisoryLock, db
from tests.integration.conftest import Unmigrated, run_sql

SHIPPED = {path.name for path in Path("migrations/versions").glob("*.py")}

OBJECTS = """
    SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname !~ '^(pk_)?alembic'
    UNION SELECT typname::text FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typname !~ 'alembic'
    UNION SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conname !~ 'alembic'
"""


@pytest.fixture
def app(unmigrated: Unmigrated) -> APIFlask:
    return unmigrated.app


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


def test_every_constraint_and_index_has_an_explicit_name(app: APIFlask) -> None:
    with app.app_context():
        flask_migrate.upgrade("migrations")
    names = run_sql(
        address(app),
        "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"
        " UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public'",
    )
    ours = {str(name) for (name,) in names} - {"alembic_version_pkc"}
    assert all(name.startswith(("pk_", "fk_", "ck_", "ix_", "uq_")) for name in ours), ours


def test_concurrent_migration_runs_take_turns(app: APIFlask) -> None:
    def upgrade(_: int) -> None:
        with app.app_context():
            flask_migrate.upgrade("migrations")

    # One process and one Alembic context cannot run two at once; holding its lock from outside can.
    with closing(psycopg2.connect(address(app))) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [AdvisoryLock.MIGRATIONS])
        with ThreadPoolExecutor(1) as thread:
            run = thread.submit(upgrade, 0)
            with pytest.raises(TimeoutError):
                run.result(timeout=1)
            assert objects(app) == set()
            cursor.execute("SELECT pg_advisory_unlock(%s)", [AdvisoryLock.MIGRATIONS])
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


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A copy of the migrations, to write new ones into."""
    shutil.copytree("migrations", tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    return str(tmp_path / "migrations")


def test_no_migration_is_written_without_changes(app: APIFlask, folder: str, capfd: pytest.CaptureFixture[str]) -> None:
    with app.app_context():
        flask_migrate.upgrade(folder)
        flask_migrate.revision(folder, message="nothing", autogenerate=True)
    assert {path.name for path in Path(folder, "versions").glob("*.py")} == SHIPPED
    assert "no migration is written" in capfd.readouterr().err


def test_a_new_migration_gets_the_next_number_and_is_formatted(app: APIFlask, folder: str) -> None:
    with app.app_context():
        flask_migrate.upgrade(folder)
        run_sql(address(app), "DROP INDEX ix_activity_event_user_id_type_t")
        flask_migrate.revision(folder, message="Put the index back", autogenerate=True)
    [written] = [path for path in Path(folder, "versions").glob("*.py") if path.name not in SHIPPED]
    newest = max(SHIPPED)[:4]
    assert written.name.startswith(f"{int(newest) + 1:04}_")
    assert f'down_revision = "{newest}"' in written.read_text()
    assert "op.create_index(" in written.read_text()
    subprocess.run([sys.executable, "-m", "ruff", "format", "--check", written], check=True)  # noqa: S603
