"""The use cases of one-time links: set up an account or set it up again, and sign in where that needs no more."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.staff.controllers import existing
from app.staff.domain import (
    Account,
    InvalidInput,
    LinkExpired,
    LinkKind,
    State,
    Step,
    name_faults,
    password_faults,
)
from app.staff.known_browsers import mark_browser
from app.staff.queries import AccountQueries
from app.staff.services import StaffServices
from app.staff.session_queries import SessionQueries
from app.staff.signing_in import Arrived, Browser, begin, name_of
from app.staff.tokens import digest_of, new_recovery_codes, recovery_digest
from app.staff.totp import accepted_step, setup_uri
from lib.transactions import Transaction

WRONG_CODE = "This code is wrong: enter the one that the app shows now."


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """What the page shows on which somebody sets up an account: the secret of its codes, as text and as address."""

    account: Account
    kind: LinkKind
    secret: str = field(repr=False)
    uri: str = field(repr=False)


def look_up_link(services: StaffServices, token: str) -> SetUp:
    """Return what a one-time link is for, without using it; raises `LinkExpired` or `NoConsoleKey`."""
    with services.database.transaction() as current:
        account, kind = _of_link(current, token)
        stored = AccountQueries(current).credentials(account.id)
    secret = services.keys.secret(account.id, services.keys.newest, stored.totp_offered)
    return SetUp(account=account, kind=kind, secret=secret, uri=setup_uri(secret, account.email))


def set_up(services: StaffServices, token: str, name: str, password: str, code: str, browser: Browser) -> Arrived:  # noqa: PLR0913, PLR0917  # the fields of the form
    """Set name, password and codes of an account by its one-time link, and sign its owner in.

    Raises `LinkExpired`, `InvalidInput`, `Busy` or `NoConsoleKey`.
    """
    shown = look_up_link(services, token)
    if shown.kind is LinkKind.SIGN_IN:
        raise LinkExpired
    step = accepted_step(shown.secret, code, time.time())
    faults = {
        "name": name_faults(name),
        "password": password_faults(password, shown.account.email, name.strip()),
        "code": [] if step else [WRONG_CODE],
    }
    if step is None or any(faults.values()):
        raise InvalidInput({field_: texts for field_, texts in faults.items() if texts})
    password_hash = services.passwords.hash(password)
    codes = new_recovery_codes()
    with services.database.transaction() as current:
        account, _ = _of_link(current, token, use=True)
        accounts, sessions = AccountQueries(current), SessionQueries(current)
        version = accounts.credentials(account.id).totp_offered
        accounts.set_name(account.id, name.strip())
        accounts.set_password(account.id, password_hash)
        accounts.set_codes(account.id, services.keys.newest, version, step)
        accounts.set_state(account.id, State.ACTIVE)
        sessions.end_all(account.id)
        sessions.replace_recovery(account.id, map(recovery_digest, codes))
        named = existing(current, account.id)
        accounts.record(account.id, Step.ACTIVATED, name_of(named), shown.kind.value, browser.address)
        session = begin(current, named, browser)
        current.commit()
    mark = mark_browser(services.keys, named.email, datetime.now(UTC))
    return Arrived(token=session, mark=mark, recovery_codes=tuple(codes))


def follow_sign_in_link(services: StaffServices, token: str, browser: Browser) -> Arrived:
    """Sign in by a link that needs nothing else, in development; raises `LinkExpired`."""
    if not services.link_sign_in:
        raise LinkExpired
    with services.database.transaction() as current:
        account, kind = _of_link(current, token, use=True)
        if kind is not LinkKind.SIGN_IN:
            raise LinkExpired
        if account.state is State.INVITED:
            AccountQueries(current).set_state(account.id, State.ACTIVE)
        session = begin(current, account, browser)
        current.commit()
    return Arrived(token=session)


def _of_link(current: Transaction, token: str, *, use: bool = False) -> tuple[Account, LinkKind]:
    sessions = SessionQueries(current)
    found = sessions.link(digest_of(token))
    if found is None or (use and not sessions.use_link(digest_of(token))):
        raise LinkExpired
    account = existing(current, found[0], lock=use)
    if account.state is State.DISABLED:
        raise LinkExpired
    return account, found[1]
