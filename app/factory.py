"""The application: wired here, decided elsewhere."""

from collections.abc import Callable
from typing import Any, TypeVar

from apiflask import APIFlask
from flask.json.provider import DefaultJSONProvider

import app.events.models
import app.users.models  # noqa: F401  # the tables make themselves known to the metadata
from app.config import Settings, read_settings, sqlalchemy_url
from app.datastores import db, engine_options, migrate
from app.events.api import events
from app.events.controllers import EventPolicy
from app.problems import PROBLEMS
from app.users.cli import users
from lib import logs, problem_details
from lib.database import Database
from lib.postgres_pool import discard_closed_connections
from lib.request_ids import RequestIds

Function = TypeVar("Function", bound=Callable[..., Any])


class Application(APIFlask):
    """APIFlask without what costs every request and serves none here."""

    def ensure_sync(self, func: Function) -> Function:
        """Return the function: none of ours is a coroutine, and asking each one again at every request adds up."""
        return func


class MembersInTheirOrder(DefaultJSONProvider):
    """Answers have their members in the order of their schema, not of the alphabet."""

    sort_keys = False


def create_app(settings: Settings | None = None) -> APIFlask:
    """Make the application from the settings given, else from those of the environment."""
    settings = settings or read_settings()
    logs.configure(settings.log_level, settings.log_format, settings.log_file)
    application = Application("app", title="Activity alerts", version="0.1.0", docs_path=None, json_errors=False)
    application.config.update(
        SQLALCHEMY_DATABASE_URI=sqlalchemy_url(settings.database_url),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
        OPENAPI_VERSION="3.1.0",
        AUTO_VALIDATION_ERROR_RESPONSE=False,  # ours are 400 and described with the view
    )
    application.json = MembersInTheirOrder(application)
    db.init_app(application)
    migrate.init_app(application)
    application.wsgi_app = RequestIds(application.wsgi_app)  # type: ignore[method-assign]  # Flask's own way
    problem_details.init_app(application, PROBLEMS)
    application.extensions["event_policy"] = EventPolicy.of(settings)
    application.register_blueprint(events)
    application.cli.add_command(users)
    with application.app_context():
        discard_closed_connections(db.engine)
        application.extensions["database"] = Database(db.engine, deadline=settings.db_deadline)
    return application
