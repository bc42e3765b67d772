"""What records need: who is told, and what a player did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.cases.services import CaseServices
from app.interactions.domain import Action
from app.interactions.words import ActionStep
from lib.transactions import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a player did in the last `seconds` before a moment; `days` is on how many days.

    `is_cut`: there were more events of a type than are added up.
    """

    seconds: int
    deposits: int
    deposited: Decimal
    largest_deposit: Decimal | None
    withdrawals: int
    withdrawn: Decimal
    failed_deposits: int
    cancelled_withdrawals: int
    cancelled: Decimal
    days: int
    is_cut: bool


MomentOf = Callable[[Transaction, int, datetime], int]  # the `t` of a player at a time
PlayOf = Callable[[Transaction, int, int, Sequence[int]], Sequence[Played]]  # within so many seconds up to a `t`
Tell = Callable[[Transaction, Action, ActionStep | None], None]  # tells others of an action, or of a step of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """How it is read what players did."""

    moment_of: MomentOf
    within: PlayOf


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordServices:
    """The cases that records are about, how it is read what players did, and who is told of actions."""

    cases: CaseServices
    play: Play
    tell: Tell
