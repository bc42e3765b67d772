"""What the pages need."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.access.services import AccessServices
from app.backtest.services import BacktestServices
from app.cases.services import CaseServices
from app.customers.services import CustomerServices
from app.interactions.services import RecordServices
from app.players.services import PlayerServices
from app.rulebook.services import RuleBookServices
from app.staff.services import StaffServices
from app.webhooks.services import WebhookServices


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSetting:
    """A setting as this process has it: its name, its value in the form in which it is set, and what it is for.

    Of a secret the value says only whether it is set.
    """

    name: str
    value: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleServices:
    """What pages need beside the services of the features.

    `is_on`: this process answers with pages. `secure`: cookies only over TLS; without that, in development, a browser
    on this machine can sign in by plain HTTP (A71). `t_is_unix`: `t` is a time, and shown as one.
    """

    staff: StaffServices
    cases: CaseServices
    records: RecordServices
    customers: CustomerServices
    rules: RuleBookServices
    backtests: BacktestServices
    players: PlayerServices
    access: AccessServices
    webhooks: WebhookServices
    settings: Sequence[ShownSetting]
    is_on: bool
    secure: bool
    t_is_unix: bool
