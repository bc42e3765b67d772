"""The handle of the database, for its tables and connections."""

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData

from app.config import Settings
from app.sessions import connect_arguments

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

db = SQLAlchemy(metadata=MetaData(naming_convention=NAMING))


def engine_options(settings: Settings) -> dict[str, object]:
    """Return what SQLAlchemy's engine is made with: how many connections, and libpq's parameters of each."""
    return {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_timeout": settings.db_pool_timeout,
        "pool_use_lifo": True,
        # Who borrows gives back clean: Transaction and SQLAlchemy's Connection both end what they began.
        "pool_reset_on_return": None,
        "use_native_hstore": False,  # or each new connection would ask whether there is such a type
        "connect_args": connect_arguments(settings),
    }
