"""The queries about accounts, their credentials and their audit."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from app.staff.domain import Account, AuditEntry, Credentials, Density, Preferences, State, Step, Theme
from app.staff.models import StaffAccountRow as Row_
from app.staff.models import StaffAuditRow as Audit
from app.staff.models import StaffSessionRow as Session
from app.staff.permissions import Role
from lib.transactions import Transaction

COLUMNS = (
    *(Row_.id, Row_.email, Row_.name, Row_.roles, Row_.state, Row_.made_by, Row_.made_at),
    *(Row_.zone, Row_.theme, Row_.density, Row_.single_keys),
)
SECRETS = (Row_.password_hash, Row_.totp_key, Row_.totp_version, Row_.totp_offered, Row_.totp_step)


def account_of(row: Row[Any], seen_at: datetime | None = None) -> Account:
    """Return the account in a row of `COLUMNS`."""
    return Account(
        id=row.id,
        email=row.email,
        name=row.name,
        roles=tuple(Role(role) for role in row.roles),
        state=State(row.state),
        made_by=row.made_by,
        made_at=row.made_at,
        seen_at=seen_at,
        preferences=Preferences(
            zone=row.zone, theme=Theme(row.theme), density=Density(row.density), single_keys=row.single_keys
        ),
    )


class AccountQueries:
    """The queries about accounts, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def now(self) -> datetime:
        """Return the time of the database, by which sessions and links expire."""
        now: datetime = self._transaction.execute(select(func.now())).scalar_one()
        return now

    def all(self) -> Sequence[Account]:
        """Return all accounts by email address, with the last use of a session that has not ended."""
        seen = select(Session.account_id, func.max(Session.seen_at).label("seen_at")).group_by(Session.account_id)
        last = seen.subquery()
        found = select(*COLUMNS, last.c.seen_at).outerjoin(last, last.c.account_id == Row_.id)
        rows = self._transaction.execute(found.order_by(func.lower(Row_.email)))
        return [account_of(row, row.seen_at) for row in rows]

    def is_empty(self) -> bool:
        """Return whether nobody has an account that can sign in."""
        active = select(Row_.id).where(Row_.state == State.ACTIVE.value).limit(1)
        return self._transaction.execute(active).first() is None

    def by_id(self, account_id: int, *, lock: bool = False) -> Account | None:
        """Return an account; with `lock`, nobody else changes it until the transaction ends."""
        return self._one(select(*COLUMNS).where(Row_.id == account_id), lock=lock)

    def by_email(self, email: str, *, lock: bool = False) -> Account | None:
        """Return the account with an email address, in whatever case it is written; `lock` as above."""
        return self._one(select(*COLUMNS).where(func.lower(Row_.email) == email.lower()), lock=lock)

    def _one(self, found: Select[*tuple[Any, ...]], *, lock: bool) -> Account | None:
        row = self._transaction.execute(found.with_for_update() if lock else found).first()
        return account_of(row) if row else None

    def credentials(self, account_id: int) -> Credentials:
        """Return what is stored of an account's password and codes."""
        row = self._transaction.execute(select(*SECRETS).where(Row_.id == account_id)).one()
        return Credentials(
            password_hash=row.password_hash,
            totp_key=row.totp_key,
            totp_version=row.totp_version,
            totp_offered=row.totp_offered,
            totp_step=row.totp_step,
        )

    def add(self, email: str, name: str, roles: Iterable[Role], made_by: str) -> Account | None:
        """Add an account that is invited; return None if one with this email address exists."""
        new = insert_or(Row_).values(
            email=email, name=name, roles=[role.value for role in roles], state=State.INVITED.value, made_by=made_by
        )
        row = self._transaction.execute(new.on_conflict_do_nothing().returning(*COLUMNS)).first()
        return account_of(row) if row else None

    def active_admins(self) -> Sequence[int]:
        """Return the ids of the active admins, and lock them: two admins cannot remove each other at once."""
        found = select(Row_.id).where(Row_.state == State.ACTIVE.value, Row_.roles.contains([Role.ADMIN.value]))
        return self._transaction.execute(found.order_by(Row_.id).with_for_update()).scalars().all()

    def set_roles(self, account_id: int, roles: Iterable[Role]) -> None:
        """Replace the roles of an account."""
        self._set(account_id, roles=[role.value for role in roles])

    def set_state(self, account_id: int, state: State) -> None:
        """Set the state of an account."""
        self._set(account_id, state=state.value)

    def set_password(self, account_id: int, password_hash: str) -> None:
        """Replace the password of an account."""
        self._set(account_id, password_hash=password_hash)

    def set_name(self, account_id: int, name: str) -> None:
        """Set the name of an account."""
        self._set(account_id, name=name)

    def set_preferences(self, account_id: int, chosen: Preferences) -> None:
        """Set how pages look for a person."""
        self._set(
            account_id,
            zone=chosen.zone,
            theme=chosen.theme.value,
            density=chosen.density.value,
            single_keys=chosen.single_keys,
        )

    def set_codes(self, account_id: int, key: str, version: int, step: int) -> None:
        """Set which secret the codes of an account are made with, and the last step whose code was accepted."""
        self._set(account_id, totp_key=key, totp_version=version, totp_step=step)

    def offer_codes(self, account_id: int) -> None:
        """Let the next link offer a secret that none before has shown."""
        offered = update(Row_).where(Row_.id == account_id)
        self._transaction.execute(offered.values(totp_offered=func.greatest(Row_.totp_offered, Row_.totp_version) + 1))

    def accept_step(self, account_id: int, step: int) -> bool:
        """Note that the code of this step was accepted; return False if that of a later one was meanwhile."""
        later = update(Row_).where(Row_.id == account_id, Row_.totp_step < step).values(totp_step=step)
        return self._transaction.execute(later.returning(Row_.id)).first() is not None

    def _set(self, account_id: int, **values: object) -> None:
        self._transaction.execute(update(Row_).where(Row_.id == account_id).values(**values))

    def record(self, account_id: int, step: Step, who: str, note: str = "", address: str = "") -> None:
        """Add a step to the audit."""
        new = insert(Audit).values(account_id=account_id, step=step.value, who=who, note=note, address=address)
        self._transaction.execute(new)

    def audit(
        self,
        *,
        account_id: int | None = None,
        person: int | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[AuditEntry]:
        """Return steps of the audit, newest first, those with an id below `before`.

        Of one account or of all, or those that concern a person: of their account, and by them of any.
        """
        columns = (Audit.id, Audit.at, Audit.step, Audit.who, Audit.note, Audit.address, Row_.name, Row_.email)
        found = select(*columns).join(Row_, Row_.id == Audit.account_id).order_by(Audit.id.desc()).limit(limit)
        found = found if account_id is None else found.where(Audit.account_id == account_id)
        if person is not None:
            found = found.where(or_(Audit.account_id == person, Audit.who.startswith(f"staff:{person} ")))
        found = found if before is None else found.where(Audit.id < before)
        return [
            AuditEntry(
                id=row.id,
                at=row.at,
                account=row.name or row.email,
                step=row.step,
                who=row.who,
                note=row.note,
                address=row.address,
            )
            for row in self._transaction.execute(found)
        ]
