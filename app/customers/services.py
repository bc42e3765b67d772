"""What the pages and routes of customers need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.alerts.services import AlertServices
from app.customers.domain import Contact
from app.rulebook.live_rules import LiveRules
from lib.database import Database
from lib.transactions import Transaction

Contacts = Callable[[Transaction, int, int], Sequence[Contact]]  # of a customer, the newest first, at most so many


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerServices:
    """The database, alerts and rules; whether `t` is Unix time; and who knows the interactions with a customer."""

    database: Database
    alerts: AlertServices
    rule_book: LiveRules
    t_is_unix: bool
    contacts: Contacts
