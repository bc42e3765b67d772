"""The use cases of somebody who signs in: with password and code, confirm, sign out."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from app.staff.backoff import ADDRESS, BOTH, EMAIL, BackOff
from app.staff.controllers import existing
from app.staff.domain import (
    Account,
    Credentials,
    Session,
    SignInDelayed,
    SignInRefused,
    State,
    Step,
    WrongCode,
)
from app.staff.known_browsers import known_browser, mark_browser
from app.staff.permissions import person
from app.staff.queries import AccountQueries
from app.staff.services import StaffServices
from app.staff.session_queries import Failures, SessionQueries
from app.staff.tokens import digest_of, new_token, recovery_digest
from lib.logs import get_logger
from lib.transactions import Transaction

log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """From where somebody signs in: the network address, and what the browser calls itself.

    Unless `is_direct`, the address is that of a proxy, which many people share. `mark` is what an earlier sign-in has
    left in the browser, "" for nothing.
    """

    address: str
    agent: str
    is_direct: bool = True
    mark: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Somebody is signed in: the secret of the cookie, and new recovery codes if there are any to show.

    `mark` is to be left in the browser, so that it is known the next time.
    """

    token: str = field(repr=False)
    mark: str = field(default="", repr=False)
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)


def sign_in(  # noqa: PLR0913, PLR0917  # the fields of the form, and from where it comes
    services: StaffServices, email: str, password: str, code: str, browser: Browser, before: str = ""
) -> Arrived:
    """Sign in with password and code, or with a recovery code instead of that.

    `before` is the secret of a session in the same browser, if there is one, which ends.
    Raises `SignInRefused` whichever is wrong, `SignInDelayed`, `Busy` or `NoConsoleKey`.
    """
    subjects = _subjects(services, email, browser)
    claim_attempt(services, subjects)
    with services.database.transaction() as current:
        account = AccountQueries(current).by_email(email.strip())
        stored = AccountQueries(current).credentials(account.id) if account else None
    # Outside a transaction, since it takes long; for an unknown address it takes as long.
    fits = services.passwords.matches(stored.password_hash if stored else None, password)
    with services.database.transaction() as current:
        token = None
        if account and stored:
            token = _let_in(services, current, account, stored, code, browser) if fits else None
            if token is None:
                AccountQueries(current).record(account.id, Step.SIGN_IN_FAILED, "unknown", address=browser.address)
        if token:
            forgive(current, subjects)
            SessionQueries(current).end(digest_of(before))
        current.commit()
    if token is None:
        log.info("sign-in refused", address=browser.address, account_id=account.id if account else None)
        raise SignInRefused
    return Arrived(token=token, mark=mark_browser(services.keys, email, datetime.now(UTC)))


def _let_in(  # noqa: PLR0913, PLR0917  # all that decides
    services: StaffServices,
    current: Transaction,
    before: Account,
    stored: Credentials,
    code: str,
    browser: Browser,
) -> str | None:
    """Begin a session if the code is right and the account as it was; the password was checked against `stored`."""
    account = AccountQueries(current).by_id(before.id, lock=True)
    unchanged = AccountQueries(current).credentials(before.id).password_hash == stored.password_hash
    if account is None or account.state is not State.ACTIVE or not unchanged:
        return None
    if not accept_code(services, current, account, code):
        return None
    return begin(current, account, browser)


def accept_code(services: StaffServices, current: Transaction, account: Account, code: str) -> bool:
    """Use up a code of the app, or a recovery code; return False if it is neither. Raises `NoConsoleKey`."""
    accounts = AccountQueries(current)
    step = services.keys.accepted_step(account.id, accounts.credentials(account.id), code, time.time())
    if step is not None:
        return accounts.accept_step(account.id, step)
    if not SessionQueries(current).use_recovery(account.id, recovery_digest(code)):
        return False
    left = SessionQueries(current).recovery_left(account.id)
    accounts.record(account.id, Step.RECOVERY_USED, name_of(account), f"{left} left")
    return True


def begin(current: Transaction, account: Account, browser: Browser) -> str:
    """Begin a session within a transaction, and return the secret of its cookie."""
    token, sessions = new_token(), SessionQueries(current)
    sessions.clean()
    sessions.begin(digest_of(token), account.id, browser.address, browser.agent)
    AccountQueries(current).record(account.id, Step.SIGNED_IN, name_of(account), browser.agent[:100], browser.address)
    return token


def authenticate(services: StaffServices, token: str, *, is_use: bool = True) -> Session | None:
    """Return the session of a cookie, None if there is none or it has ended; without `is_use` it goes on being idle."""
    with services.database.transaction() as current:
        found = SessionQueries(current).find(digest_of(token), is_use=is_use)
        current.commit()
    return found


def confirm(services: StaffServices, session: Session, code: str) -> None:
    """Note that a session's owner has given a code again; raises `WrongCode`, `SignInDelayed` or `NoConsoleKey`."""
    subjects = {BOTH: subject_of(f"confirm {session.account.id}")}
    claim_attempt(services, subjects)
    with services.database.transaction() as current:
        account = existing(current, session.account.id, lock=True)
        if not accept_code(services, current, account, code):
            raise WrongCode
        SessionQueries(current).confirm(session.digest)
        forgive(current, subjects)
        AccountQueries(current).record(account.id, Step.CONFIRMED, name_of(account), address=session.address)
        current.commit()


def sign_out(services: StaffServices, session: Session) -> None:
    """End a session."""
    with services.database.transaction() as current:
        SessionQueries(current).end(session.digest)
        AccountQueries(current).record(session.account.id, Step.SIGNED_OUT, name_of(session.account))
        current.commit()


def claim_attempt(services: StaffServices, subjects: dict[BackOff, bytes]) -> None:
    """Count an attempt before it is checked, so that many at once are no way around the wait."""
    with services.database.transaction() as current:
        sessions = SessionQueries(current)
        counted = sessions.failures([*subjects.values()])
        waits = [_left(back_off, counted.get(subject)) for back_off, subject in subjects.items()]
        if (longest := max(waits)) > 0:
            raise SignInDelayed(int(longest) + 1)
        sessions.count_attempts(subjects.values())
        current.commit()


def _left(back_off: BackOff, failed: Failures | None) -> float:
    """Return how many seconds are left to wait."""
    wait = back_off.wait(failed.number) if failed else 0
    return max(0.0, wait - failed.ago) if failed and wait else 0.0


def _subjects(services: StaffServices, email: str, browser: Browser) -> dict[BackOff, bytes]:
    """Return what attempts are counted by; an address that many people share says nothing of any of them.

    A browser in which the owner has signed in is counted by itself: no stranger can make it wait.
    """
    known = email.strip().lower()
    if name := known_browser(services.keys, browser.mark, known, datetime.now(UTC)):
        return {BOTH: subject_of(f"browser {name}")}
    counted = {EMAIL: subject_of(f"email {known}")}
    if browser.is_direct:
        both, address = f"both {known} {browser.address}", f"address {browser.address}"
        counted |= {BOTH: subject_of(both), ADDRESS: subject_of(address)}
    return counted


def subject_of(text: str) -> bytes:
    """Return what is stored of somebody or something that attempts are counted by."""
    return sha256(text.encode()).digest()


def forgive(current: Transaction, subjects: dict[BackOff, bytes]) -> None:
    """Forget the wrong attempts of somebody who proved right; of those from the address only this one."""
    own = [subject for back_off, subject in subjects.items() if back_off is not ADDRESS]
    SessionQueries(current).forgive(own, one_of=subjects.get(ADDRESS))


def name_of(account: Account) -> str:
    """Return what audits call the owner of an account."""
    return person(account.id, account.name, account.roles).name
