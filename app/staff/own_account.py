"""The use cases of somebody who is signed in, about their own account."""

from collections.abc import Sequence

from app.staff.backoff import BOTH
from app.staff.controllers import existing
from app.staff.domain import InvalidInput, Preferences, Session, Step, WrongPassword, is_zone, password_faults
from app.staff.permissions import NotConfirmed
from app.staff.queries import AccountQueries
from app.staff.services import StaffServices
from app.staff.session_queries import SessionQueries
from app.staff.signing_in import claim_attempt, forgive, name_of, subject_of
from app.staff.tokens import new_recovery_codes, recovery_digest


def change_password(services: StaffServices, session: Session, present: str, new: str) -> None:
    """Replace one's password, and end one's other sessions.

    Raises `InvalidInput`, `SignInDelayed`, `WrongPassword` or `Busy`.
    """
    account = session.account
    if faults := password_faults(new, account.email, account.name):
        raise InvalidInput({"new_password": faults})
    # Whoever has only the cookie must not find the password here.
    subjects = {BOTH: subject_of(f"password {account.id}")}
    claim_attempt(services, subjects)
    with services.database.transaction() as current:
        stored = AccountQueries(current).credentials(account.id)
    if not services.passwords.matches(stored.password_hash, present):
        raise WrongPassword
    password_hash = services.passwords.hash(new)
    with services.database.transaction() as current:
        existing(current, account.id, lock=True)
        AccountQueries(current).set_password(account.id, password_hash)
        forgive(current, subjects)
        ended = SessionQueries(current).end_all(account.id, but=session.digest)
        note = f"{ended} other sessions ended"
        AccountQueries(current).record(account.id, Step.PASSWORD_CHANGED, name_of(account), note, session.address)
        current.commit()


def renew_recovery_codes(services: StaffServices, session: Session) -> Sequence[str]:
    """Replace one's recovery codes and return the new ones, which are shown once; raises `NotConfirmed`."""
    if not session.is_confirmed:
        raise NotConfirmed
    codes, account = new_recovery_codes(), session.account
    with services.database.transaction() as current:
        existing(current, account.id, lock=True)
        SessionQueries(current).replace_recovery(account.id, map(recovery_digest, codes))
        AccountQueries(current).record(account.id, Step.CODES_RENEWED, name_of(account), address=session.address)
        current.commit()
    return codes


def recovery_codes_left(services: StaffServices, session: Session) -> int:
    """Return how many recovery codes one has left."""
    with services.database.transaction() as current:
        return SessionQueries(current).recovery_left(session.account.id)


def sessions(services: StaffServices, session: Session) -> Sequence[Session]:
    """Return where one is signed in, the latest first."""
    with services.database.transaction() as current:
        return SessionQueries(current).of_account(session.account.id)


def end_other_sessions(services: StaffServices, session: Session) -> int:
    """Sign oneself out everywhere else; return from how many sessions."""
    account = session.account
    with services.database.transaction() as current:
        ended = SessionQueries(current).end_all(account.id, but=session.digest)
        AccountQueries(current).record(account.id, Step.SESSIONS_ENDED, name_of(account), f"{ended} other sessions")
        current.commit()
    return ended


def set_preferences(services: StaffServices, session: Session, chosen: Preferences) -> None:
    """Set how pages look for oneself; raises `InvalidInput` for an unknown zone."""
    if not is_zone(chosen.zone):
        raise InvalidInput({"zone": ["Choose a zone from the list, such as Europe/London."]})
    with services.database.transaction() as current:
        AccountQueries(current).set_preferences(session.account.id, chosen)
        current.commit()
