"""The queries about sessions, one-time links, recovery codes and wrong attempts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, case, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from app.staff.backoff import FORGOTTEN_AFTER
from app.staff.domain import CONFIRMED_FOR, LASTS, SESSION_IDLE, SESSION_LASTS, LinkKind, Session, State
from app.staff.models import StaffAccountRow as Account
from app.staff.models import StaffAttemptRow as Attempt
from app.staff.models import StaffRecoveryRow as Recovery
from app.staff.models import StaffSessionRow as Browser
from app.staff.models import StaffTokenRow as Token
from app.staff.queries import COLUMNS, account_of
from lib.transactions import Transaction

MAX_AGENT = 200  # characters
SEEN_EVERY = timedelta(minutes=1)  # a use is stored at most so often
OPEN_BROWSERS = (Browser.ends_at > func.now(), Browser.seen_at > func.now() - SESSION_IDLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """How many wrong attempts there were, and how many seconds ago the last one was."""

    number: int
    ago: float


class SessionQueries:
    """The queries about who is signed in, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def begin(self, digest: bytes, account_id: int, address: str, agent: str) -> None:
        """Add a session, which begins now."""
        new = insert(Browser).values(
            digest=digest,
            account_id=account_id,
            ends_at=func.now() + SESSION_LASTS,
            address=address,
            agent=agent[:MAX_AGENT],
        )
        self._transaction.execute(new)

    def find(self, digest: bytes, *, is_use: bool = True) -> Session | None:
        """Return a session that has not ended, of an account that is active; note a use of it."""
        row = self._transaction.execute(self._open().where(Browser.digest == digest)).first()
        if row is None:
            return None
        if is_use and row.now - row.seen_at > SEEN_EVERY:
            self._transaction.execute(update(Browser).where(Browser.digest == digest).values(seen_at=func.now()))
        return _session(row)

    def of_account(self, account_id: int) -> Sequence[Session]:
        """Return the sessions of an account that have not ended, the latest first."""
        found = self._open().where(Browser.account_id == account_id).order_by(Browser.made_at.desc())
        return [_session(row) for row in self._transaction.execute(found)]

    def _open(self) -> Any:  # noqa: ANN401  # a Select of many columns
        times = (Browser.made_at.label("began_at"), Browser.seen_at, Browser.ends_at, Browser.confirmed_at)
        columns = (*COLUMNS, Browser.digest, Browser.address, Browser.agent, *times, func.now().label("now"))
        joined = select(*columns).join(Account, Account.id == Browser.account_id)
        return joined.where(*OPEN_BROWSERS, Account.state == State.ACTIVE.value)

    def confirm(self, digest: bytes) -> None:
        """Note that the owner of a session has just given a code."""
        self._transaction.execute(update(Browser).where(Browser.digest == digest).values(confirmed_at=func.now()))

    def end(self, digest: bytes) -> None:
        """End a session."""
        self._transaction.execute(delete(Browser).where(Browser.digest == digest))

    def end_all(self, account_id: int, *, but: bytes = b"") -> int:
        """End all sessions of an account except one; return how many."""
        ended = delete(Browser).where(Browser.account_id == account_id, Browser.digest != but)
        return len(self._transaction.execute(ended.returning(Browser.digest)).all())

    def clean(self) -> None:
        """Delete sessions that have ended, and wrong attempts that are forgotten."""
        ended = (Browser.ends_at <= func.now()) | (Browser.seen_at <= func.now() - SESSION_IDLE)
        self._transaction.execute(delete(Browser).where(ended))
        self._transaction.execute(delete(Attempt).where(Attempt.last_at < func.now() - FORGOTTEN_AFTER))

    def add_link(self, digest: bytes, account_id: int, kind: LinkKind, made_by: str) -> datetime:
        """Add a one-time link, and make those before it useless; return when it expires."""
        older = update(Token).where(Token.account_id == account_id, Token.used_at.is_(None))
        self._transaction.execute(older.values(used_at=func.now()))
        new = insert(Token).values(
            digest=digest, account_id=account_id, kind=kind.value, made_by=made_by, expires_at=func.now() + LASTS[kind]
        )
        expires_at: datetime = self._transaction.execute(new.returning(Token.expires_at)).scalar_one()
        return expires_at

    def link(self, digest: bytes) -> tuple[int, LinkKind] | None:
        """Return the account of a one-time link and what it is for; None if it was used or has expired."""
        found = select(Token.account_id, Token.kind).where(
            Token.digest == digest, Token.used_at.is_(None), Token.expires_at > func.now()
        )
        row = self._transaction.execute(found).first()
        return (row.account_id, LinkKind(row.kind)) if row else None

    def use_link(self, digest: bytes) -> bool:
        """Use a one-time link; return False if somebody else did meanwhile."""
        used = update(Token).where(Token.digest == digest, Token.used_at.is_(None)).values(used_at=func.now())
        return self._transaction.execute(used.returning(Token.digest)).first() is not None

    def cancel_links(self, account_id: int) -> None:
        """Make the one-time links of an account useless."""
        older = update(Token).where(Token.account_id == account_id, Token.used_at.is_(None))
        self._transaction.execute(older.values(used_at=func.now()))

    def replace_recovery(self, account_id: int, digests: Iterable[bytes]) -> None:
        """Replace the recovery codes of an account."""
        self._transaction.execute(delete(Recovery).where(Recovery.account_id == account_id))
        rows = [{"account_id": account_id, "digest": each} for each in digests]
        self._transaction.execute(insert(Recovery).values(rows))

    def use_recovery(self, account_id: int, digest: bytes) -> bool:
        """Use a recovery code; return False if the account has no such code."""
        used = delete(Recovery).where(Recovery.account_id == account_id, Recovery.digest == digest)
        return self._transaction.execute(used.returning(Recovery.account_id)).first() is not None

    def recovery_left(self, account_id: int) -> int:
        """Return how many recovery codes an account has left."""
        left = select(func.count()).select_from(Recovery).where(Recovery.account_id == account_id)
        return int(self._transaction.execute(left).scalar_one())

    def failures(self, subjects: Sequence[bytes]) -> Mapping[bytes, Failures]:
        """Return the wrong attempts of these subjects that are not forgotten."""
        found = select(
            Attempt.subject,
            Attempt.failures,
            func.extract("epoch", func.clock_timestamp() - Attempt.last_at).label("ago"),
        ).where(Attempt.subject.in_(subjects), Attempt.last_at > func.now() - FORGOTTEN_AFTER)
        rows = self._transaction.execute(found.order_by(Attempt.subject).with_for_update())
        return {bytes(row.subject): Failures(number=row.failures, ago=float(row.ago)) for row in rows}

    def count_attempts(self, subjects: Iterable[bytes]) -> None:
        """Count an attempt for each subject; one that proves right is taken back."""
        now = func.clock_timestamp()
        new = insert_or(Attempt).values([{"subject": each, "failures": 1} for each in sorted(subjects)])
        forgotten = Attempt.last_at <= func.now() - FORGOTTEN_AFTER
        again = {"failures": case((forgotten, 1), else_=Attempt.failures + 1), "last_at": now}
        self._transaction.execute(new.on_conflict_do_update(index_elements=[Attempt.subject], set_=again))

    def forgive(self, subjects: Iterable[bytes], *, one_of: bytes | None) -> None:
        """Forget the attempts of these subjects, and one attempt of `one_of`."""
        self._transaction.execute(delete(Attempt).where(Attempt.subject.in_([*subjects])))
        less = update(Attempt).where(Attempt.subject == one_of).values(failures=func.greatest(Attempt.failures - 1, 0))
        self._transaction.execute(less)


def _session(row: Row[Any]) -> Session:
    return Session(
        digest=bytes(row.digest),
        account=account_of(row),
        made_at=row.began_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
        is_confirmed=row.now - row.confirmed_at < CONFIRMED_FOR,
        address=row.address,
        agent=row.agent,
    )
