"""The handles of the database: one for its tables and connections, one for its migrations."""

from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData

from app.config import Settings
from lib.postgres_pool import connect_options

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

db = SQLAlchemy(metadata=MetaData(naming_convention=NAMING))
migrate = Migrate(db=db, compare_type=True, compare_server_default=True, render_as_batch=False)


def engine_options(settings: Settings) -> dict[str, object]:
    """Return what SQLAlchemy's engine is made with: a connection a thread, and what each session is set to."""
    return {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_timeout": settings.db_pool_timeout,
        "pool_use_lifo": True,
        # Who borrows gives back clean: Transaction and SQLAlchemy's Connection both end what they began.
        "pool_reset_on_return": None,
        "connect_args": connect_options(
            application_name="activity-alerts",
            connect_timeout=settings.db_connect_timeout,
            statement_timeout=settings.db_statement_timeout,
            lock_timeout=settings.db_lock_timeout,
        ),
    }
