"""The settings of an application in tests, where each test names only those that matter to it."""

from datetime import timedelta

from app.access.domain import Access
from app.config import Settings
from app.events.domain import EventOrder, MeaningOfT

DEFAULTS = Settings(
    database_url="",
    database_owner_url="",
    host="127.0.0.1",
    port=5000,
    web_workers=1,
    web_threads=16,
    read_threads=16,
    env="development",
    access=Access.OPEN,
    hosts=frozenset(),
    key_max_age=None,
    rate_limit="",
    rate_limit_storage="memory://",
    event_order=EventOrder.USER,
    t_is=MeaningOfT.NUMBER,
    t_ahead=None,
    late_events="refuse",
    late_horizon=timedelta(days=7),
    four_eyes=False,
    registered_users_only=False,
    webhook_key=("a key for tests, of 32 characters",),
    webhook_http=False,
    webhook_allow=(),
    smtp_url="",
    mail_from="",
    console=True,
    console_key=("a key of the console for tests, of over 32 characters",),
    console_url="",
    db_connect_timeout=2,
    db_deadline=15,
    db_pool_timeout=2,
    db_lock_timeout=5,
    db_statement_timeout=10,
    log_level="INFO",
    log_format="json",
    log_file="",
)


def settings_with(**changed: object) -> Settings:
    fields = {name: getattr(DEFAULTS, name) for name in Settings.__dataclass_fields__}
    return Settings(**{**fields, **changed})
