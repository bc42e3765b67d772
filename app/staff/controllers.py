"""The use cases of accounts: invite people, list them, change what they may do, help them back in, shut them out."""

from collections.abc import Collection, Sequence

from app.staff.domain import (
    Account,
    AccountExists,
    AuditEntry,
    InvalidInput,
    LastAdmin,
    Link,
    LinkKind,
    NoRole,
    NoSuchAccount,
    Session,
    Staff,
    State,
    Step,
    WrongState,
    name_faults,
    normalized_email,
)
from app.staff.permissions import Actor, Permission, Role, permissions_of
from app.staff.queries import AccountQueries
from app.staff.services import StaffServices
from app.staff.session_queries import SessionQueries
from app.staff.tokens import digest_of, new_token
from lib.database import Database
from lib.logs import get_logger
from lib.transactions import Transaction

AUDIT_PAGE = 50

log = get_logger()


def invite(services: StaffServices, actor: Actor, email: str, roles: Collection[Role], name: str = "") -> Link:
    """Add an account with these roles, and return the link with which its owner sets it up.

    Raises `InvalidInput`, `NoRole`, `AccountExists`, `NoConsoleKey`, `NotPermitted` or `NotConfirmed`.
    """
    actor.require_confirmed(Permission.STAFF_WRITE)
    services.keys.newest  # noqa: B018  # without a key nobody could accept the invitation
    email, chosen, name = normalized_email(email), _in_order(roles), name.strip()
    if name and (faults := name_faults(name)):
        raise InvalidInput({"name": faults})
    with services.database.transaction() as current:
        account = AccountQueries(current).add(email, name, chosen, actor.name)
        if account is None:
            raise AccountExists(email)
        AccountQueries(current).record(account.id, Step.INVITED, actor.name, _words(chosen))
        link = add_link(current, account, LinkKind.INVITE, actor)
        current.commit()
    log.info("staff invited", account_id=account.id, roles=_words(chosen), who=actor.name)
    return link


def staff(database: Database, actor: Actor) -> Staff:
    """Return all accounts; raises `NotPermitted`."""
    actor.require(Permission.STAFF_WRITE)
    with database.transaction() as current:
        queries = AccountQueries(current)
        return Staff(accounts=queries.all(), now=queries.now())


def colleagues(database: Database, actor: Actor) -> Sequence[Account]:
    """Return who can be given cases: active accounts whose roles allow work on them. Raises `NotPermitted`."""
    actor.require(Permission.CASES_ASSIGN)
    with database.transaction(trial=True) as current:
        known = AccountQueries(current).all()
    return [
        each for each in known if each.state is State.ACTIVE and Permission.CASES_WORK in permissions_of(each.roles)
    ]


def account(database: Database, actor: Actor, account_id: int) -> tuple[Account, Sequence[Session]]:
    """Return an account and the sessions in which its owner is signed in; raises `NoSuchAccount` or `NotPermitted`."""
    actor.require(Permission.STAFF_WRITE)
    with database.transaction() as current:
        return existing(current, account_id), SessionQueries(current).of_account(account_id)


def by_email(database: Database, actor: Actor, email: str) -> Account:
    """Return the account with an email address; raises `NoSuchAccount`, `InvalidInput` or `NotPermitted`."""
    actor.require(Permission.STAFF_WRITE)
    wanted = normalized_email(email)
    with database.transaction() as current:
        found = AccountQueries(current).by_email(wanted)
    if found is None:
        raise NoSuchAccount(wanted)
    return found


def make_link(services: StaffServices, actor: Actor, account_id: int) -> Link:
    """Return a new one-time link: to accept the invitation, or to set password and codes again.

    A reset ends all sessions of the account. Raises `NoSuchAccount`, `WrongState`, `NotPermitted` or `NotConfirmed`.
    """
    actor.require_confirmed(Permission.STAFF_WRITE)
    with services.database.transaction() as current:
        found = existing(current, account_id, lock=True)
        if found.state is State.DISABLED:
            raise WrongState(f"{found.shown} is disabled: enable the account first")
        kind = LinkKind.INVITE if found.state is State.INVITED else LinkKind.RESET
        link = add_link(current, found, kind, actor)
        if kind is LinkKind.RESET:
            SessionQueries(current).end_all(account_id)
        current.commit()
    log.info("staff link made", account_id=account_id, kind=kind.value, who=actor.name)
    return link


def sign_in_link(services: StaffServices, actor: Actor, account_id: int) -> Link:
    """Return a link that signs its reader in, once, without password and code; in development only.

    Raises `NoSuchAccount`, `WrongState` or `NotPermitted`.
    """
    actor.require(Permission.STAFF_WRITE)
    if not services.link_sign_in:
        raise WrongState("links that sign in are made in development only (ENV=development)")
    with services.database.transaction() as current:
        found = existing(current, account_id, lock=True)
        if found.state is State.DISABLED:
            raise WrongState(f"{found.shown} is disabled: enable the account first")
        link = add_link(current, found, LinkKind.SIGN_IN, actor)
        current.commit()
    return link


def set_roles(services: StaffServices, actor: Actor, account_id: int, roles: Collection[Role]) -> Account:
    """Replace the roles of an account, which hold from its next request on; return the account.

    Raises `NoSuchAccount`, `NoRole`, `LastAdmin`, `NotPermitted` or `NotConfirmed`.
    """
    actor.require_confirmed(Permission.STAFF_WRITE)
    chosen = _in_order(roles)
    with services.database.transaction() as current:
        admins = AccountQueries(current).active_admins()  # first, as everywhere: two admins could wait for each other
        found = existing(current, account_id, lock=True)
        if chosen == found.roles:
            return found
        if Role.ADMIN not in chosen:
            _keep_an_admin(admins, account_id)
        queries = AccountQueries(current)
        queries.set_roles(account_id, chosen)
        queries.record(account_id, Step.ROLES_CHANGED, actor.name, f"{_words(found.roles)} to {_words(chosen)}")
        current.commit()
    log.info("staff roles changed", account_id=account_id, roles=_words(chosen), who=actor.name)
    return existing_after(services.database, account_id)


def disable(services: StaffServices, actor: Actor, account_id: int) -> Account:
    """Shut somebody out at once: sessions end, links are useless; return the account.

    Raises `NoSuchAccount`, `LastAdmin`, `NotPermitted` or `NotConfirmed`.
    """
    actor.require_confirmed(Permission.STAFF_WRITE)
    with services.database.transaction() as current:
        admins = AccountQueries(current).active_admins()
        found = existing(current, account_id, lock=True)
        if found.state is State.DISABLED:
            return found
        _keep_an_admin(admins, account_id)
        queries, sessions = AccountQueries(current), SessionQueries(current)
        queries.set_state(account_id, State.DISABLED)
        ended = sessions.end_all(account_id)
        sessions.cancel_links(account_id)
        queries.record(account_id, Step.DISABLED, actor.name, f"{ended} sessions ended")
        current.commit()
    log.info("staff disabled", account_id=account_id, who=actor.name)
    return existing_after(services.database, account_id)


def enable(services: StaffServices, actor: Actor, account_id: int) -> Account:
    """Let somebody in again who was disabled: with their password and codes, or by the link of a new invitation.

    Raises `NoSuchAccount`, `NotPermitted` or `NotConfirmed`.
    """
    actor.require_confirmed(Permission.STAFF_WRITE)
    with services.database.transaction() as current:
        found = existing(current, account_id, lock=True)
        if found.state is not State.DISABLED:
            return found
        queries = AccountQueries(current)
        is_set_up = queries.credentials(account_id).password_hash is not None
        queries.set_state(account_id, State.ACTIVE if is_set_up else State.INVITED)
        queries.record(account_id, Step.ENABLED, actor.name)
        current.commit()
    log.info("staff enabled", account_id=account_id, who=actor.name)
    return existing_after(services.database, account_id)


def end_sessions(services: StaffServices, actor: Actor, account_id: int) -> int:
    """Sign somebody out everywhere; return from how many sessions. Raises `NoSuchAccount` or `NotPermitted`."""
    actor.require(Permission.STAFF_WRITE)
    with services.database.transaction() as current:
        existing(current, account_id, lock=True)
        ended = SessionQueries(current).end_all(account_id)
        AccountQueries(current).record(account_id, Step.SESSIONS_ENDED, actor.name, f"{ended} sessions")
        current.commit()
    return ended


def audit(
    database: Database,
    actor: Actor,
    *,
    account_id: int | None = None,
    person: int | None = None,
    before: int | None = None,
) -> Sequence[AuditEntry]:
    """Return a page of the audit, newest first: of all, of an account, or of what concerns a person.

    Raises `NotPermitted`.
    """
    actor.require(Permission.AUDIT_READ)
    with database.transaction() as current:
        return AccountQueries(current).audit(account_id=account_id, person=person, before=before, limit=AUDIT_PAGE)


def people_in_audit(database: Database, actor: Actor) -> Sequence[tuple[int, str]]:
    """Return the ids of all accounts with what their owners are called, by name; raises `NotPermitted`."""
    actor.require(Permission.AUDIT_READ)
    with database.transaction(trial=True) as current:
        known = [(each.id, each.shown) for each in AccountQueries(current).all()]
    return sorted(known, key=lambda each: each[1].casefold())


def nobody_can_sign_in(database: Database) -> bool:
    """Return whether there is no active account yet."""
    with database.transaction() as current:
        return AccountQueries(current).is_empty()


def existing(current: Transaction, account_id: int, *, lock: bool = False) -> Account:
    """Return an account within a transaction; raises `NoSuchAccount`."""
    found = AccountQueries(current).by_id(account_id, lock=lock)
    if found is None:
        raise NoSuchAccount(account_id)
    return found


def existing_after(database: Database, account_id: int) -> Account:
    """Return an account as it is now; raises `NoSuchAccount`."""
    with database.transaction() as current:
        return existing(current, account_id)


def add_link(current: Transaction, account: Account, kind: LinkKind, actor: Actor) -> Link:
    """Add a one-time link within a transaction."""
    token = new_token()
    if kind is not LinkKind.SIGN_IN:
        AccountQueries(current).offer_codes(account.id)  # whoever saw a link that was replaced knows nothing of use
    expires_at = SessionQueries(current).add_link(digest_of(token), account.id, kind, actor.name)
    AccountQueries(current).record(account.id, Step.LINK_MADE, actor.name, kind.value)
    return Link(account=account, kind=kind, token=token, expires_at=expires_at)


def _keep_an_admin(admins: Collection[int], leaving: int) -> None:
    if leaving in admins and len(admins) == 1:
        raise LastAdmin


def _in_order(roles: Collection[Role]) -> tuple[Role, ...]:
    if not roles:
        raise NoRole
    return tuple(role for role in Role if role in roles)


def _words(roles: Collection[Role]) -> str:
    return ", ".join(role.value for role in roles)
