"""The factory of the application, which only wires."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from wsgiref.types import WSGIEnvironment

import click
from apiflask import APIFlask
from flask import Request, request
from flask.json.provider import DefaultJSONProvider
from sqlalchemy import Engine
from werkzeug.routing import MapAdapter

import app.access.models
import app.alerts.feed.api
import app.alerts.feed.models
import app.alerts.models
import app.backtest.jobs.models
import app.cases.desk_models
import app.cases.models
import app.customers.models
import app.events.models
import app.health.models
import app.intake.models
import app.interactions.models
import app.players.models
import app.rulebook.models
import app.rulebook.policy.models
import app.seals.models
import app.staff.models
import app.webhooks.models
import app.work.models  # noqa: F401  # so that the metadata has their tables
from app import document, limits, migrating, problems
from app.access import guard
from app.access.cli import keys
from app.alerts import problems as alert_problems
from app.alerts.api import alerts
from app.backtest.comparing import problems as comparison_problems
from app.backtest.comparing.api import rules as rule_routes
from app.bounds import LINGERING, REQUESTS
from app.bulkheads import EVENTS
from app.cases import problems as case_problems
from app.cases.api import cases
from app.config import Settings, read_settings, sqlalchemy_url
from app.customers.api import totals
from app.datastores import db
from app.events import problems as event_problems
from app.events.api import events
from app.events.batch.api import batches
from app.events.commands import events as event_commands
from app.events.metrics import ALL_TAKEN
from app.events.reading import problems as reading_problems
from app.events.reading.api import reading
from app.events.revising import problems as revising_problems
from app.events.revising.api import corrections
from app.health import problems as health_problems
from app.health.api import health
from app.interactions import problems as record_problems
from app.interactions.action_api import records
from app.metrics.api import metrics
from app.metrics.info import show_info
from app.players import problems as player_problems
from app.players.batches import register
from app.players.cli import users
from app.rulebook import problems as rulebook_problems
from app.rulebook.cli import rules
from app.rulebook.policy.api import policy
from app.seals.cli import ON_SEALS
from app.services import Services, provide_services
from app.sessions import engine_options, make_sessions
from app.version import VERSION, version
from app.webhooks import problems as webhook_problems
from app.webhooks.delivery_api import webhooks
from lib import hints, logs, problem_details, services
from lib.active_threads import ActiveThreadLimit
from lib.answers import SecurityHeaders
from lib.api_page.page import page
from lib.concurrency import AdmissionControl, acquire_slot
from lib.database_errors import Unavailable
from lib.lazy_commands import LazyCommands
from lib.metrics.requests import count_answer
from lib.openapi_documents import BODY
from lib.paths import PlainInteger
from lib.postgres_pool import discard_closed_connections
from lib.postgres_sessions import open_with
from lib.problem_details import refusal_without_view
from lib.request_ids import RequestIds

PROBLEMS = (
    problems.PROBLEMS,
    alert_problems.PROBLEMS,
    event_problems.PROBLEMS,
    reading_problems.PROBLEMS,
    revising_problems.PROBLEMS,
    health_problems.PROBLEMS,
    player_problems.PROBLEMS,
    rulebook_problems.PROBLEMS,
    comparison_problems.PROBLEMS,
    webhook_problems.PROBLEMS,
    case_problems.PROBLEMS,
    record_problems.PROBLEMS,
)
PUBLIC_ENDPOINTS = ("openapi.spec", "api_page.lead", "api_page.show", "api_page.send")  # A20: nothing in them is secret

PAGES = "console."  # how the endpoints of pages begin

MIN_AWAKE = 2  # threads: with one, no request could tell whether another has to wait
PLAIN_HOST = re.compile(r"[a-z0-9.-]+(:[0-9]+)?")

Function = TypeVar("Function", bound=Callable[..., Any])


class Application(APIFlask):
    """APIFlask without costs per request that serve nothing here, and with commands that load on demand."""

    cli: LazyCommands

    def __init__(self, name: str, **named: Any) -> None:  # noqa: ANN401  # passed on to APIFlask
        super().__init__(name, **named)
        self.cli = LazyCommands(self.name)

    def ensure_sync(self, func: Function) -> Function:
        """Return the function itself: none of ours is a coroutine, and checking that at every request adds up."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return the adapter that finds a request's route, without parsing the host if it is a plain one."""
        environ = request.environ if request else {}
        host, path = environ.get("HTTP_HOST", ""), environ.get("PATH_INFO", "")
        if not (path.isascii() and PLAIN_HOST.fullmatch(host)) or "HTTP_UPGRADE" in environ:
            return super().create_url_adapter(request)
        scheme, method, query = environ["wsgi.url_scheme"], environ["REQUEST_METHOD"], environ["QUERY_STRING"]
        return MapAdapter(self.url_map, host, environ["SCRIPT_NAME"] or "/", "", scheme, path, method, query)


class UnsortedJson(DefaultJSONProvider):
    """Keeps the members of responses in the order of their schemas."""

    sort_keys = False


def create_app(settings: Settings | None = None) -> APIFlask:
    """Make the application from these settings, or from those of the environment."""
    hints.name_program()
    settings = settings or read_settings()
    logs.configure(settings.log_level, settings.log_format, settings.log_file)
    application = Application("app", title="Activity alerts", version=VERSION, docs_path=None, json_errors=False)
    document.init_app(application)
    configure_requests(application)
    engine = connect_database(application, settings)
    migrating.init_app(application, application.cli)
    problem_details.init_app(application, {problem: each for table in PROBLEMS for problem, each in table.items()})
    made = provide_services(application, settings, engine)
    guard.init_app(application, made.entrance)
    limits.init_app(application, settings)
    register_routes(application)
    add_console(application, settings)
    register_commands(application)
    show_info(settings.env)
    acquire_slots(application)
    wrap_in_layers(application, settings, made)
    return application


def configure_requests(application: Application) -> None:
    """Set how Flask treats paths and responses."""
    application.json = UnsortedJson(application)
    application.url_map.converters["int"] = PlainInteger
    application.url_map.merge_slashes = False  # it would redirect // to an address made from the client's Host


def connect_database(application: Application, settings: Settings) -> Engine:
    """Give the application its connection pool; no connection is open yet."""
    application.config.update(
        SQLALCHEMY_DATABASE_URI=sqlalchemy_url(settings.database_url),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
    )
    db.init_app(application)
    application.teardown_appcontext_funcs.clear()  # or they would end a session per request that nobody began
    with application.app_context():
        engine = db.engine
    open_with(engine, make_sessions(settings))
    discard_closed_connections(engine)
    return engine


def register_routes(application: Application) -> None:
    """Add all routes."""
    for blueprint in (
        events,
        batches,
        reading,
        corrections,
        alerts,
        policy,
        rule_routes,
        register,
        webhooks,
        cases,
        records,
        totals,
        health,
        metrics,
        page,
    ):
        application.register_blueprint(blueprint)
    for endpoint in PUBLIC_ENDPOINTS:
        guard.public(application.view_functions[endpoint])


def add_console(application: Application, settings: Settings) -> None:
    """Add the pages for people, if they are on; another process needs nothing of them."""
    if settings.console:
        from app.console.app import init_app  # noqa: PLC0415  # see above

        init_app(application)


def register_commands(application: Application) -> None:
    """Add all commands."""
    rules.add_lazy(("backtest", "verify"), load_history_commands)
    rules.add_lazy(("compare",), load_shadow_commands)
    for command in ON_SEALS:
        rules.add_command(command)
    event_commands.add_lazy(("reverse", "amend"), load_correction_commands)
    event_commands.add_lazy(("import",), load_intake_commands)
    application.cli.add_lazy(("work",), load_worker)
    application.cli.add_lazy(("webhooks",), load_webhook_commands)
    application.cli.add_lazy(("staff",), load_staff_commands)
    application.cli.add_lazy(("console",), load_console_command)
    application.cli.add_lazy(("cases",), load_case_commands)
    for commands in (event_commands, keys, rules, users):
        application.cli.add_command(commands)
    application.cli.add_command(version)


def count_if_event(environ: WSGIEnvironment) -> None:
    """Count a request that takes the last free thread, if it is an event."""
    if environ["PATH_INFO"] in EVENTS:
        ALL_TAKEN.inc()


def load_history_commands() -> Iterable[click.Command]:
    """Import and return the commands that judge all stored events, which no other program needs."""
    from app.backtest.cli import ON_HISTORY  # noqa: PLC0415  # see above

    return ON_HISTORY


def load_shadow_commands() -> Iterable[click.Command]:
    """Import and return the command that compares live and shadow, which no other program needs."""
    from app.backtest.comparing.cli import ON_SHADOWS  # noqa: PLC0415  # see above

    return ON_SHADOWS


def load_correction_commands() -> Iterable[click.Command]:
    """Import and return the commands that correct events, which no other program needs."""
    from app.events.revising.cli import ON_CORRECTIONS  # noqa: PLC0415  # see above

    return ON_CORRECTIONS


def load_intake_commands() -> Iterable[click.Command]:
    """Import and return the commands that import events, which no other program needs."""
    from app.intake.cli import ON_INTAKE  # noqa: PLC0415  # see above

    return ON_INTAKE


def load_worker() -> Iterable[click.Command]:
    """Import and return the command that works after the answers, which no other program needs."""
    from app.work.cli import work  # noqa: PLC0415  # see above

    return (work,)


def load_staff_commands() -> Iterable[click.Command]:
    """Import and return the commands of accounts, which no other program needs."""
    from app.staff.cli import staff  # noqa: PLC0415  # see above

    return (staff,)


def load_console_command() -> Iterable[click.Command]:
    """Import and return the command that says where the console is, which no other program needs."""
    from app.console.cli import console  # noqa: PLC0415  # see above

    return (console,)


def load_webhook_commands() -> Iterable[click.Command]:
    """Import and return the commands of endpoints and deliveries, which no other program needs."""
    from app.webhooks.step_cli import webhooks as commands  # noqa: PLC0415  # see above

    return (commands,)


def load_case_commands() -> Iterable[click.Command]:
    """Import and return the commands of cases, which no other program needs."""
    from app.cases.cli import cases as commands  # noqa: PLC0415  # see above

    return (commands,)


def wrap_in_layers(application: APIFlask, settings: Settings, made: Services) -> None:
    """Wrap the application in the layers that apply to every request, whatever its route; the last is the outermost."""
    full = refusal_without_view(application, Unavailable("more requests are in progress than allowed"))
    admitted = AdmissionControl(
        application.wsgi_app, limit_for=made.bulkheads.limit_for, max_requests=REQUESTS, reject=full
    )
    services.provide(application, admitted)
    layers = RequestIds(SecurityHeaders(admitted, on_response=count_answer, lingering=LINGERING))
    awake = max(settings.web_threads, MIN_AWAKE)
    application.wsgi_app = ActiveThreadLimit(layers, limit=awake, on_full=count_if_event)  # type: ignore[method-assign]  # as Flask recommends


def acquire_slots(application: Application) -> None:
    """Have each request take its slot after the guard and the limits have let it pass.

    A request with a body takes its slot when that has arrived, where it is read (lib.json_requests, lib.html_forms).
    """
    views = application.view_functions.items()
    with_body = frozenset(
        endpoint
        for endpoint, view in views
        if "body" in getattr(view, "_spec", ()) or hasattr(view, BODY) or endpoint.startswith(PAGES)
    )

    @application.before_request
    def take() -> None:
        if request.endpoint not in with_body:
            acquire_slot(request.environ)
