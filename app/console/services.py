"""What the pages need."""

from dataclasses import dataclass

from app.backtest.services import BacktestServices
from app.cases.services import CaseServices
from app.customers.services import CustomerServices
from app.interactions.services import RecordServices
from app.rulebook.services import RuleBookServices
from app.staff.services import StaffServices


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleServices:
    """What pages need beside the services of the features.

    `is_on`: this process answers with pages. `secure`: cookies only over TLS; without that, in development, a browser
    on this machine can sign in by plain HTTP (A71).
    """

    staff: StaffServices
    cases: CaseServices
    records: RecordServices
    customers: CustomerServices
    rules: RuleBookServices
    backtests: BacktestServices
    is_on: bool
    secure: bool
