"""The services that an application makes once, from its settings, and the part of them that each feature gets."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

from apiflask import APIFlask
from sqlalchemy import Engine

from app.access.bookkeeper import Bookkeeper
from app.access.guard import Entrance
from app.access.key_cache import KeyCache
from app.access.last_used import LastUsed
from app.access.refusals import Refusals
from app.access.services import AccessServices
from app.alerts.feed.numbering import Numbering
from app.alerts.services import AlertServices, Meanings
from app.backtest.jobs import running
from app.backtest.jobs.metrics import measured_backtests
from app.backtest.jobs.running import RunningJobs
from app.backtest.services import BacktestServices
from app.bulkheads import Bulkheads, make_bulkheads, make_player_locks
from app.cases import attaching, waking
from app.cases.attaching import Attaching
from app.cases.domain import Status
from app.cases.metrics import measured_cases
from app.cases.services import CaseNews, CaseServices
from app.cases.waking import Waking
from app.config import SPARE_CONNECTIONS, Settings
from app.console.pages.contacts import contacts_of
from app.console.services import ConsoleServices
from app.customers.services import CustomerServices
from app.customers.viewing import note_view
from app.events import metrics as event_metrics
from app.events.controllers import try_event
from app.events.domain import MeaningOfT
from app.events.policy import EventPolicy
from app.events.reading.played import latest_moment, moment_in_seconds, played_within
from app.events.services import EventServices
from app.events.system_clock import SystemClock
from app.health.controllers import Readiness
from app.health.services import HealthServices
from app.intake.services import IntakeServices
from app.interactions import evaluating, hooks
from app.interactions.announcing import news_of
from app.interactions.domain import Action
from app.interactions.services import Play, RecordServices
from app.interactions.verifying import faults_of_records
from app.interactions.words import ActionStep
from app.metrics.services import MetricsServices
from app.owner import Owner
from app.players.services import PlayerServices
from app.rulebook.edition_book import EditionBook
from app.rulebook.live_rules import LiveRules
from app.rulebook.services import RuleBookServices
from app.seals.services import SealServices
from app.setting_values import KEEP
from app.shown_settings import shown_settings
from app.staff.passwords import Passwords
from app.staff.services import StaffServices
from app.staff.totp import ConsoleKeys
from app.webhooks import cleaning, sender
from app.webhooks.cleaning import Cleaning
from app.webhooks.domain import Topic
from app.webhooks.fan_out import FanOut
from app.webhooks.mail import Mail
from app.webhooks.metrics import measured_deliveries
from app.webhooks.notices import TakingUp, announce, announce_publication
from app.webhooks.secrets import WebhookKeys
from app.webhooks.sender import Sender
from app.webhooks.sending import Transport, send
from app.webhooks.services import WebhookServices
from app.work.metrics import measured_work
from app.work.services import Duty, WorkServices
from lib import hints, services
from lib.database import Database
from lib.safe_http import Allowed
from lib.smtp_url import parse_smtp_url
from lib.transactions import Transaction

NUMBERING_PAUSE = 0.25  # seconds between two looks at the outbox
NOTICES_PAUSE = 2.0  # seconds between two looks at what is published
TEST_TIMEOUT = 4.0  # seconds for a test message, which somebody waits for
EVERYWHERE = {"0.0.0.0", "[::]"}  # noqa: S104  # not names that a client can use


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services of an application, known to the wiring only; each feature gets the part that it declares."""

    database: Database
    rule_book: LiveRules
    system_clock: SystemClock
    entrance: Entrance
    bulkheads: Bulkheads

    def stop(self) -> None:
        """Stop the threads and close the connections, when the application is no longer used."""
        self.rule_book.stop()
        self.entrance.bookkeeper.stop()
        self.database.close()


def provide_services(application: APIFlask, settings: Settings, engine: Engine) -> Services:
    """Make the services of the application, and provide each feature with its part."""
    made = make_services(settings, engine)
    services.provide(application, made, Owner(settings), *feature_services(settings, engine, made))
    return made


def make_services(settings: Settings, engine: Engine) -> Services:
    """Make the services; nothing is running yet."""
    beside_events = settings.read_threads + SPARE_CONNECTIONS
    database = Database(engine, deadline=settings.db_deadline, spare=beside_events, kept=settings.web_threads)
    return Services(
        database=database,
        rule_book=LiveRules(database, event_metrics, four_eyes=settings.four_eyes),
        system_clock=SystemClock(database),
        entrance=make_entrance(settings, database),
        bulkheads=make_bulkheads(settings),
    )


def feature_services(settings: Settings, engine: Engine, made: Services) -> Iterable[object]:
    """Return what each feature declares to need."""
    database, rule_book = made.database, made.rule_book
    policy = EventPolicy(
        order=settings.event_order,
        registered_users_only=settings.registered_users_only,
        t_ahead=settings.t_ahead,
        late_horizon=int(settings.late_horizon.total_seconds()) if settings.late_events == KEEP else None,
    )
    editions = EditionBook()
    yield EventServices(
        database=database,
        policy=policy,
        rule_book=rule_book,
        editions=editions,
        player_locks=make_player_locks(settings),
        system_clock=made.system_clock,
    )
    readiness = Readiness(database, made.entrance.check, partial(try_event, policy))
    yield HealthServices(readiness=readiness, rule_book_error=rule_book.error)
    rules = RuleBookServices(
        database=database,
        four_eyes=settings.four_eyes,
        t_is_unix=settings.t_is is MeaningOfT.UNIX,
        announce=announce_publication,
    )
    yield rules
    yield (access := AccessServices(database=database, key_max_age=settings.key_max_age))
    yield (alerts := AlertServices(database=database, meanings=editions.meanings))
    yield (players := PlayerServices(database=database, note_view=note_view))
    yield (backtests := BacktestServices(database=database, engine=engine, t_is_unix=rules.t_is_unix))
    yield SealServices(database=database, engine=engine)
    transport = make_transport(settings)
    work = WorkServices(database=database, duties=duties(database, transport, editions.meanings, backtests))
    yield work
    names = [duty.name for duty in work.duties]
    yield MetricsServices(
        measured=(
            measured_work(database, names),
            measured_deliveries(database),
            measured_cases(database),
            measured_backtests(database),
        )
    )
    webhooks = WebhookServices(
        database=database,
        keys=transport.keys,
        allowed=transport.allowed,
        meanings=editions.meanings,
        can_mail=transport.mail is not None,
        send_now=partial(send, transport=replace(transport, timeout=TEST_TIMEOUT)),
    )
    yield webhooks
    staff, records, customers = services_of_people(settings, engine, made, alerts)
    yield from (staff, records.cases, records, customers)
    yield ConsoleServices(
        staff=staff,
        cases=records.cases,
        records=records,
        customers=customers,
        rules=rules,
        backtests=backtests,
        players=players,
        access=access,
        webhooks=webhooks,
        settings=shown_settings(settings),
        is_on=settings.console,
        secure=settings.env == "production",
        t_is_unix=settings.t_is is MeaningOfT.UNIX,
    )
    yield IntakeServices(database=database, engine=engine, policy=policy)


def services_of_people(
    settings: Settings, engine: Engine, made: Services, alerts: AlertServices
) -> tuple[StaffServices, RecordServices, CustomerServices]:
    """Return what the features need in which people work: accounts, records with their cases, customers."""
    staff = StaffServices(
        database=made.database,
        passwords=Passwords(),
        keys=ConsoleKeys(values=settings.console_key),
        console_url=settings.console_url or hints.service_address() or f"http://{settings.host}:{settings.port}",
        link_sign_in=settings.env == "development",
    )
    records = record_services(settings, made.database, engine)
    customers = CustomerServices(
        database=made.database,
        alerts=alerts,
        rule_book=made.rule_book,
        t_is_unix=settings.t_is is MeaningOfT.UNIX,
        contacts=contacts_of,
    )
    return staff, records, customers


def record_services(settings: Settings, database: Database, engine: Engine) -> RecordServices:
    """Make what cases and the records about them need."""
    moment_of = moment_in_seconds if settings.t_is is MeaningOfT.UNIX else latest_moment
    play = Play(moment_of=moment_of, within=played_within)
    cases = CaseServices(
        database=database,
        engine=engine,
        announce=announce_case,
        has_interaction=hooks.has_interaction,
        open_actions=hooks.open_actions,
        begin_evaluation=partial(evaluating.begin, play),
        faults_of_records=faults_of_records,
        note_view=note_view,
    )
    return RecordServices(cases=cases, play=play, tell=announce_action)


def duties(database: Database, transport: Transport, meanings: Meanings, backtests: BacktestServices) -> Sequence[Duty]:
    """Return what the worker does besides its signs of life."""
    sending, testing = Sender(database, transport, meanings), RunningJobs(backtests)
    return (
        Duty(name="feed", errand=Numbering(database, take_up=[FanOut(meanings)]), pause=NUMBERING_PAUSE),
        Duty(name="cases", errand=Attaching(database, meanings, announce_case), pause=attaching.PAUSE),
        Duty(name="waking", errand=Waking(database), pause=waking.PAUSE),
        Duty(name="notices", errand=TakingUp(database), pause=NOTICES_PAUSE),
        Duty(name="sender", errand=sending, pause=sender.PAUSE, at_end=sending.finish),
        Duty(
            name="backtests",
            errand=testing,
            pause=running.PAUSE,
            patience=running.PATIENCE,
            at_stop=testing.give_up,
        ),
        Duty(name="cleaning", errand=Cleaning(database), pause=cleaning.PAUSE),
    )


def announce_case(current: Transaction, news: CaseNews) -> None:
    """Leave a notice that a case was opened, perhaps again, or closed."""
    announce(current, Topic.CASE_CLOSED if news.status is Status.CLOSED else Topic.CASE_OPENED, asdict(news))


def announce_action(current: Transaction, action: Action, step: ActionStep | None) -> None:
    """Leave a notice that an action was recorded, or that a person decided about it."""
    if (news := news_of(action, step)) is not None:
        announce(current, Topic.ACTION_RECORDED, news)


def make_transport(settings: Settings) -> Transport:
    """Make what sends messages to endpoints, as the settings allow."""
    return Transport(
        keys=WebhookKeys(values=settings.webhook_key),
        allowed=Allowed(
            http=settings.webhook_http,
            networks=settings.webhook_allow,
            http_setting="WEBHOOK_HTTP=true",
            networks_setting="WEBHOOK_ALLOW",
        ),
        mail=Mail(server=parse_smtp_url(settings.smtp_url), sender=settings.mail_from) if settings.smtp_url else None,
    )


def make_entrance(settings: Settings, database: Database) -> Entrance:
    """Make the access control that the settings demand, whatever program serves the application."""
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
