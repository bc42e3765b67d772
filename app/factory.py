"""The application: wired here, decided elsewhere."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar
from wsgiref.types import WSGIApplication, WSGIEnvironment

import click
from apiflask import APIFlask
from flask import Request, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.routing import MapAdapter

import app.access.models
import app.alerts.models
import app.events.models
import app.health.models
import app.rulebook.models
import app.rulebook.policy.models
import app.seals.models
import app.users.models  # noqa: F401  # the tables make themselves known to the metadata
from app import document, limits, migrating
from app.access import guard
from app.access.bookkeeper import Bookkeeper
from app.access.cli import keys
from app.access.guard import Entrance
from app.access.key_cache import KeyCache
from app.access.last_used import LastUsed
from app.access.refusals import Refusals
from app.alerts.api import alerts
from app.config import SPARE_CONNECTIONS, Settings, read_settings, sqlalchemy_url
from app.datastores import db, engine_options
from app.events import metrics as event_metrics
from app.events.api import events
from app.events.controllers import EventPolicy, try_event
from app.events.metrics import ALL_TAKEN
from app.events.reading.api import reading
from app.health.api import health
from app.health.controllers import Readiness
from app.metrics.api import metrics
from app.metrics.info import show_info
from app.owner import Owner
from app.problems import PROBLEMS
from app.rooms import EVENT_PATH, EVENTS, room_by_path, turns_of_players
from app.rulebook import api as rulebook
from app.rulebook.cli import rules
from app.rulebook.policy.api import policy
from app.rulebook.watch import RuleBookWatch
from app.seals.cli import ON_SEALS
from app.server import LINGERING, REQUESTS
from app.sessions import sessions_of
from app.users.api import register
from app.users.cli import users
from app.version import VERSION, version
from lib import hints, logs, problem_details
from lib.admission import Admission, RoomOf, take_place
from lib.answers import Answers
from lib.api_page.page import page
from lib.database import Database
from lib.late_commands import LateCommands
from lib.metrics.requests import count_answer
from lib.paths import PlainInteger
from lib.postgres_pool import discard_closed_connections
from lib.postgres_sessions import open_with
from lib.problem_details import refusal_without_view
from lib.request_ids import RequestIds
from lib.shifts import Shifts
from lib.transactions import Unavailable

OPEN_TO_ALL = ("openapi.spec", "api_page.lead", "api_page.show", "api_page.send")  # A20: nothing in them is secret
EVERYWHERE = {"0.0.0.0", "[::]"}  # noqa: S104  # no names that a client calls it by

FEWEST_AWAKE = 2  # threads: with one, no request would tell whether another has to wait
PLAIN_HOST = re.compile(r"[a-z0-9.-]+(:[0-9]+)?")

Function = TypeVar("Function", bound=Callable[..., Any])


class Application(APIFlask):
    """APIFlask without what costs every request and serves none here, and with commands that come when asked for."""

    cli: LateCommands

    def __init__(self, name: str, **named: Any) -> None:  # noqa: ANN401  # APIFlask's own, handed on
        super().__init__(name, **named)
        self.cli = LateCommands(self.name)

    def ensure_sync(self, func: Function) -> Function:
        """Return the function: none of ours is a coroutine, and asking each one again at every request adds up."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what leads a request to its route: a plain one's address is not taken apart for it."""
        environ = request.environ if request else {}
        host, path = environ.get("HTTP_HOST", ""), environ.get("PATH_INFO", "")
        if not (path.isascii() and PLAIN_HOST.fullmatch(host)) or "HTTP_UPGRADE" in environ:
            return super().create_url_adapter(request)
        scheme, method, query = environ["wsgi.url_scheme"], environ["REQUEST_METHOD"], environ["QUERY_STRING"]
        return MapAdapter(self.url_map, host, environ["SCRIPT_NAME"] or "/", "", scheme, path, method, query)


class MembersInTheirOrder(DefaultJSONProvider):
    """Answers have their members in the order of their schema, not of the alphabet."""

    sort_keys = False


def create_app(settings: Settings | None = None) -> APIFlask:
    """Make the application from the settings given, else from those of the environment."""
    hints.name_program()
    settings = settings or read_settings()
    logs.configure(settings.log_level, settings.log_format, settings.log_file)
    application = Application("app", title="Activity alerts", version=VERSION, docs_path=None, json_errors=False)
    application.config.update(
        SQLALCHEMY_DATABASE_URI=sqlalchemy_url(settings.database_url),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
    )
    document.init_app(application)
    application.json = MembersInTheirOrder(application)
    application.url_map.converters["int"] = PlainInteger
    application.url_map.merge_slashes = False  # it would lead // to an address made of the Host that a client names
    db.init_app(application)
    application.teardown_appcontext_funcs.clear()  # after each request it would end a session that nobody here begins
    migrating.init_app(application, application.cli)
    problem_details.init_app(application, PROBLEMS)
    with application.app_context():
        open_with(db.engine, sessions_of(settings))
        discard_closed_connections(db.engine)
        beside_events = settings.read_threads + SPARE_CONNECTIONS
        database = Database(db.engine, deadline=settings.db_deadline, spare=beside_events, kept=settings.web_threads)
    event_policy = EventPolicy.of(settings)
    room_of = room_by_path(settings)
    application.extensions.update(
        database=database,
        event_policy=event_policy,
        turns_of_players=turns_of_players(settings),
        room_of_events=room_of(EVENT_PATH),
        rule_book=RuleBookWatch(database, event_metrics, four_eyes=settings.four_eyes),
        four_eyes=settings.four_eyes,
        readiness=Readiness(database, partial(try_event, event_policy)),
        key_max_age=settings.key_max_age,
        owner=Owner(settings),
    )
    entrance = entrance_of(settings, database)
    application.extensions.update(key_cache=entrance.keys, last_used=entrance.last_used, bookkeeper=entrance.bookkeeper)
    guard.init_app(application, entrance)
    limits.init_app(application, settings)
    for blueprint in (events, reading, alerts, policy, rulebook.rules, register, health, metrics, page):
        application.register_blueprint(blueprint)
    for endpoint in OPEN_TO_ALL:
        guard.open_to_all(application.view_functions[endpoint])
    rules.add_later(("backtest", "verify"), commands_on_history)
    for command in ON_SEALS:
        rules.add_command(command)
    for commands in (keys, rules, users):
        application.cli.add_command(commands)
    application.cli.add_command(version)
    show_info(settings.env)
    have_places_taken(application)
    layers = in_layers(application, room_of)
    application.wsgi_app = Shifts(layers, most=max(settings.web_threads, FEWEST_AWAKE), taken=count_if_event)  # type: ignore[method-assign]  # Flask's way
    return application


def count_if_event(environ: WSGIEnvironment) -> None:
    """Count a request that takes the last free thread, where it is an event."""
    if environ["PATH_INFO"] in EVENTS:
        ALL_TAKEN.inc()


def commands_on_history() -> Iterable[click.Command]:
    """Return the commands of the rule book that judge all that is stored, which no other program needs."""
    from app.backtest.cli import ON_HISTORY  # noqa: PLC0415  # as said above

    return ON_HISTORY


def entrance_of(settings: Settings, database: Database) -> Entrance:
    """Make what lets requests in: closed as the settings say, whatever program serves the application."""
    keys, last_used, refusals = KeyCache(database, settings.key_max_age), LastUsed(database), Refusals()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host.lower()
    return Entrance(
        access=settings.access,
        names=settings.hosts | {host} - EVERYWHERE,
        names_bind_keys=bool(settings.hosts),
        keys=keys,
        last_used=last_used,
        refusals=refusals,
        bookkeeper=Bookkeeper(keys, last_used, refusals),
    )


def in_layers(application: Application, room_of: RoomOf) -> WSGIApplication:
    """Put around the application what is done for every request, whatever its route; the last is the outermost."""
    full = refusal_without_view(application, Unavailable("more requests are under way than may be"))
    admitted = application.extensions["admission"] = Admission(
        application.wsgi_app, room_of=room_of, most=REQUESTS, full=full
    )
    return RequestIds(Answers(admitted, told=count_answer, lingering=LINGERING))


def have_places_taken(application: Application) -> None:
    """Have each request take its place once it is known to be allowed; one with a body only when that is here.

    The latter is done where the body is read (lib.json_requests). Comes after the guard and the limits.
    """
    views = application.view_functions.items()
    with_body = frozenset(endpoint for endpoint, view in views if "body" in getattr(view, "_spec", ()))

    @application.before_request
    def take() -> None:
        if request.endpoint not in with_body:
            take_place(request.environ)
