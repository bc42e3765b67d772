"""Accounts, from the invitation to the audit; A68 to A70."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from apiflask import APIFlask
from pyotp import TOTP

from app.staff import controllers, own_account, setting_up, signing_in
from app.staff.domain import (
    AccountExists,
    InvalidInput,
    LastAdmin,
    LinkExpired,
    NoRole,
    NoSuchAccount,
    Preferences,
    Session,
    SignInDelayed,
    SignInRefused,
    State,
    WrongCode,
    WrongPassword,
    WrongState,
)
from app.staff.passwords import Busy
from app.staff.permissions import NotConfirmed, NotPermitted, Role, person
from app.staff.services import StaffServices
from app.staff.signing_in import Browser
from lib.services import services_of
from tests.integration import staffing
from tests.integration.conftest import AppWith, Sql
from tests.integration.staffing import HERE, PASSWORD, ROOT, Member, session_of


@pytest.fixture
def made(app: APIFlask) -> StaffServices:
    return services_of(app, StaffServices)


Join = Callable[..., tuple[Member, Session]]


@pytest.fixture
def join(made: StaffServices) -> Join:
    """Invite somebody who sets the account up; return what they know, and their session."""

    def joined(email: str = "ann@example.com", *roles: Role) -> tuple[Member, Session]:
        member, token = staffing.join(made, email, *(roles or (Role.ADMIN,)))
        return member, session_of(made, token)

    return joined


@pytest.fixture
def clock(sql: Sql) -> Callable[[str], None]:
    """Let time pass for what is stored: the rows get older."""

    def older(interval: str) -> None:
        for statement in (
            "UPDATE staff_session SET seen_at = seen_at - i, ends_at = ends_at - i, confirmed_at = confirmed_at - i",
            "UPDATE staff_token SET expires_at = expires_at - i",
            "UPDATE staff_attempt SET last_at = last_at - i",
        ):
            sql(f"{statement} FROM (SELECT %s::interval AS i) AS passed", interval)

    return older


def steps(sql: Sql, account_id: int) -> list[str]:
    return [step for (step,) in sql("SELECT step FROM staff_audit WHERE account_id = %s ORDER BY id", account_id)]


def test_an_invitation_leads_to_a_session(join: Join, sql: Sql) -> None:
    ann, session = join()
    assert (session.account.name, session.account.state, session.is_confirmed) == ("Ann Smith", State.ACTIVE, True)
    assert session.actor.name == f"staff:{ann.id} Ann Smith"
    assert len(set(ann.recovery_codes)) == 10
    assert steps(sql, ann.id) == ["invited", "link-made", "activated", "signed-in"]


def test_nothing_secret_is_stored(join: Join, sql: Sql) -> None:
    ann, _ = join()
    stored = str([sql(f"TABLE {table}") for table in ("staff_account", "staff_token", "staff_recovery")])
    for secret in (ann.password, ann.secret, *ann.recovery_codes):
        assert secret not in stored


def test_a_link_works_once(made: StaffServices) -> None:
    link = controllers.invite(made, ROOT, "bob@example.com", [Role.VIEWER])
    secret = setting_up.look_up_link(made, link.token).secret
    step = int(time.time()) // 30
    code = TOTP(secret).generate_otp(step)
    setting_up.set_up(made, link.token, "Bob", PASSWORD, code, HERE)
    for token in (link.token, "x"):
        with pytest.raises(LinkExpired, match="ask an admin for a new one"):
            setting_up.look_up_link(made, token)


def test_an_expired_link_is_refused(made: StaffServices, clock: Callable[[str], None]) -> None:
    link = controllers.invite(made, ROOT, "bob@example.com", [Role.VIEWER])
    clock("6 days 23:59:00")
    assert setting_up.look_up_link(made, link.token).account.email == "bob@example.com"
    clock("2 minutes")
    with pytest.raises(LinkExpired):
        setting_up.look_up_link(made, link.token)


def test_a_new_link_makes_the_one_before_useless(made: StaffServices) -> None:
    first = controllers.invite(made, ROOT, "bob@example.com", [Role.VIEWER])
    second = controllers.make_link(made, ROOT, first.account.id)
    with pytest.raises(LinkExpired):
        setting_up.look_up_link(made, first.token)
    assert setting_up.look_up_link(made, second.token).account.id == first.account.id


def test_what_is_wrong_with_a_set_up_is_told_at_once_and_leaves_no_trace(made: StaffServices, sql: Sql) -> None:
    link = controllers.invite(made, ROOT, "bob@example.com", [Role.VIEWER])
    with pytest.raises(InvalidInput) as refused:
        setting_up.set_up(made, link.token, " ", "short", "000000", HERE)
    assert refused.value.errors.keys() == {"name", "password", "code"}
    assert sql("SELECT name, state, password_hash, totp_key FROM staff_account") == [("", "invited", None, None)]
    assert setting_up.look_up_link(made, link.token)


def test_sign_in_takes_password_and_code(made: StaffServices, join: Join) -> None:
    ann, _ = join()
    arrived = signing_in.sign_in(made, " ANN@example.com ", ann.password, ann.code(), HERE)
    session = signing_in.authenticate(made, arrived.token)
    assert session
    assert session.account.id == ann.id


def test_which_part_is_wrong_is_not_told(made: StaffServices, join: Join, sql: Sql) -> None:
    ann, _ = join()
    good = ann.code()
    attempts = [
        ("nobody@example.com", ann.password, good),
        (ann.email, "wrong password", good),
        (ann.email, ann.password, "000000"),
        (ann.email, "", ""),
    ]
    told = set()
    for email, password, code in attempts:
        with pytest.raises(SignInRefused) as refused:
            signing_in.sign_in(made, email, password, code, HERE)
        told.add(str(refused.value))
    assert len(told) == 1
    assert steps(sql, ann.id)[-3:] == ["sign-in-failed"] * 3


def test_a_code_works_once(made: StaffServices, join: Join) -> None:
    ann, _ = join()
    code = ann.code()
    signing_in.sign_in(made, ann.email, ann.password, code, HERE)
    with pytest.raises(SignInRefused):
        signing_in.sign_in(made, ann.email, ann.password, code, HERE)


def test_a_code_works_once_even_at_the_same_moment(made: StaffServices, join: Join) -> None:
    ann, _ = join()
    code = ann.code()

    def attempt(_: int) -> bool:
        try:
            signing_in.sign_in(made, ann.email, ann.password, code, HERE)
        except SignInRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(attempt, range(4))) == 1


def test_a_recovery_code_replaces_the_app_once(made: StaffServices, join: Join, sql: Sql) -> None:
    ann, session = join()
    typed = ann.recovery_codes[0].replace("-", " ").upper()
    signing_in.sign_in(made, ann.email, ann.password, typed, HERE)
    assert own_account.recovery_codes_left(made, session) == 9
    assert "recovery-used" in steps(sql, ann.id)
    with pytest.raises(SignInRefused):
        signing_in.sign_in(made, ann.email, ann.password, typed, HERE)


@pytest.mark.parametrize("email", ["ann@example.com", "nobody@example.com"])
def test_after_five_wrong_attempts_one_has_to_wait_whoever_one_is(
    made: StaffServices, join: Join, clock: Callable[[str], None], email: str
) -> None:
    join()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            signing_in.sign_in(made, email, "wrong", "000000", HERE)
    with pytest.raises(SignInDelayed, match="try again in 1 s"):
        signing_in.sign_in(made, email, "wrong", "000000", HERE)
    clock("1 second")
    with pytest.raises(SignInRefused):
        signing_in.sign_in(made, email, "wrong", "000000", HERE)
    with pytest.raises(SignInDelayed, match="try again in 2 s"):
        signing_in.sign_in(made, email, "wrong", "000000", HERE)


def test_a_wait_is_no_refusal_for_others(made: StaffServices, join: Join) -> None:
    ann, _ = join()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            signing_in.sign_in(made, ann.email, "wrong", "000000", HERE)
    elsewhere = Browser(address="192.0.2.2", agent="")
    assert signing_in.sign_in(made, ann.email, ann.password, ann.code(), elsewhere).token


def test_behind_a_proxy_its_address_delays_nobody(made: StaffServices, join: Join) -> None:
    ann, _ = join()
    behind = Browser(address="127.0.0.1", agent="", is_direct=False)
    for number in range(30):
        with pytest.raises(SignInRefused):
            signing_in.sign_in(made, f"n{number % 4}@example.com", "wrong", "000000", behind)
    assert signing_in.sign_in(made, ann.email, ann.password, ann.code(), behind).token


def test_behind_a_proxy_an_account_is_guessed_at_slowly(made: StaffServices, sql: Sql) -> None:
    behind = Browser(address="127.0.0.1", agent="", is_direct=False)
    with pytest.raises(SignInRefused):
        signing_in.sign_in(made, "ann@example.com", "wrong", "000000", behind)
    sql("UPDATE staff_attempt SET failures = 100")
    with pytest.raises(SignInDelayed):
        signing_in.sign_in(made, "ann@example.com", "wrong", "000000", behind)


def test_codes_are_guessed_at_slowly_when_confirming(made: StaffServices, join: Join) -> None:
    _, session = join()
    for _ in range(5):
        with pytest.raises(WrongCode):
            signing_in.confirm(made, session, "000000")
    with pytest.raises(SignInDelayed):
        signing_in.confirm(made, session, "000000")


def test_a_right_attempt_forgets_the_wrong_ones(made: StaffServices, join: Join, sql: Sql) -> None:
    ann, _ = join()
    for _ in range(4):
        with pytest.raises(SignInRefused):
            signing_in.sign_in(made, ann.email, "wrong", "000000", HERE)
    signing_in.sign_in(made, ann.email, ann.password, ann.code(), HERE)
    assert sql("SELECT failures FROM staff_attempt") == [(4,)]  # of the network address


def test_many_wrong_attempts_at_once_are_checked_few_times(
    made: StaffServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    real = made.passwords.matches

    def note(_: object, stored: str | None, typed: str) -> bool:
        checked.append(typed)
        return real(stored, typed)

    monkeypatch.setattr(type(made.passwords), "matches", note)

    def attempt(number: int) -> str:
        try:
            signing_in.sign_in(made, f"n{number % 3}@example.com", "wrong", "000000", HERE)
        except (SignInRefused, SignInDelayed, Busy) as error:
            return type(error).__name__
        return "let in"

    with ThreadPoolExecutor(8) as threads:
        results = [*threads.map(attempt, range(300))]
    assert set(results) - {"Busy"} == {"SignInRefused", "SignInDelayed"}
    assert len(checked) <= 3 * (5 + 8)  # five free attempts each, and those of eight threads at one moment


def test_a_session_ends_when_idle_for_an_hour(made: StaffServices, join: Join, clock: Callable[[str], None]) -> None:
    ann, _ = join()
    token = signing_in.sign_in(made, ann.email, ann.password, ann.code(), HERE).token
    clock("59 minutes")
    assert signing_in.authenticate(made, token)  # which is a use
    clock("59 minutes")
    assert signing_in.authenticate(made, token)
    clock("61 minutes")
    assert signing_in.authenticate(made, token) is None


def test_a_session_ends_after_twelve_hours_of_use(
    made: StaffServices, join: Join, clock: Callable[[str], None]
) -> None:
    ann, _ = join()
    token = signing_in.sign_in(made, ann.email, ann.password, ann.code(), HERE).token
    for _ in range(14):
        clock("50 minutes")
        assert signing_in.authenticate(made, token)
    clock("21 minutes")
    assert signing_in.authenticate(made, token) is None


def test_a_session_ends_by_signing_out(made: StaffServices, join: Join) -> None:
    ann, _ = join()
    token = signing_in.sign_in(made, ann.email, ann.password, ann.code(), HERE).token
    session = signing_in.authenticate(made, token)
    assert session
    signing_in.sign_out(made, session)
    assert signing_in.authenticate(made, token) is None


def test_confirmation_lasts_ten_minutes(made: StaffServices, join: Join, clock: Callable[[str], None]) -> None:
    ann, _ = join()
    token = signing_in.sign_in(made, ann.email, ann.password, ann.code(), HERE).token
    clock("10 minutes")
    stale = signing_in.authenticate(made, token)
    assert stale
    assert not stale.is_confirmed
    with pytest.raises(NotConfirmed):
        controllers.invite(made, stale.actor, "bob@example.com", [Role.VIEWER])
    with pytest.raises(WrongCode):
        signing_in.confirm(made, stale, "000000")
    signing_in.confirm(made, stale, ann.code())
    again = signing_in.authenticate(made, token)
    assert again
    assert controllers.invite(made, again.actor, "bob@example.com", [Role.VIEWER])


def test_a_new_password_ends_the_other_sessions(made: StaffServices, join: Join) -> None:
    ann, session = join()
    other = signing_in.sign_in(made, ann.email, ann.password, ann.code(), HERE).token
    with pytest.raises(WrongPassword):
        own_account.change_password(made, session, "wrong", "another long password")
    with pytest.raises(InvalidInput, match="12 to 200 characters"):
        own_account.change_password(made, session, ann.password, "short")
    own_account.change_password(made, session, ann.password, "another long password")
    assert signing_in.authenticate(made, other) is None
    assert [each.digest for each in own_account.sessions(made, session)] == [session.digest]
    with pytest.raises(SignInRefused):
        signing_in.sign_in(made, ann.email, ann.password, ann.code(), HERE)


def test_a_reset_makes_password_codes_and_sessions_useless(made: StaffServices, join: Join) -> None:
    ann, _ = join()
    token = signing_in.sign_in(made, ann.email, ann.password, ann.code(), HERE).token
    link = controllers.make_link(made, ROOT, ann.id)
    assert signing_in.authenticate(made, token) is None
    shown = setting_up.look_up_link(made, link.token)
    assert shown.secret != ann.secret
    fresh = Member(id=ann.id, email=ann.email, secret=shown.secret)
    setting_up.set_up(made, link.token, "Ann Smith", "another long password", fresh.code(), HERE)
    for password, code in ((ann.password, fresh.code()), ("another long password", ann.recovery_codes[0])):
        with pytest.raises(SignInRefused):
            signing_in.sign_in(made, ann.email, password, code, HERE)


def test_who_is_disabled_is_out_at_once(made: StaffServices, join: Join) -> None:
    _, session = join()
    bob, _ = join("bob@example.com", Role.ANALYST)
    token = signing_in.sign_in(made, bob.email, bob.password, bob.code(), HERE).token
    assert controllers.disable(made, session.actor, bob.id).state is State.DISABLED
    assert signing_in.authenticate(made, token) is None
    with pytest.raises(SignInRefused):
        signing_in.sign_in(made, bob.email, bob.password, bob.code(), HERE)
    with pytest.raises(WrongState, match="enable the account first"):
        controllers.make_link(made, session.actor, bob.id)
    assert controllers.enable(made, session.actor, bob.id).state is State.ACTIVE
    assert signing_in.sign_in(made, bob.email, bob.password, bob.code(), HERE).token


def test_the_last_active_admin_stays(made: StaffServices, join: Join) -> None:
    ann, session = join()
    with pytest.raises(LastAdmin, match="give somebody else the role first"):
        controllers.disable(made, session.actor, ann.id)
    with pytest.raises(LastAdmin):
        controllers.set_roles(made, ROOT, ann.id, [Role.VIEWER])
    bob, _ = join("bob@example.com", Role.ADMIN, Role.ANALYST)
    controllers.set_roles(made, session.actor, ann.id, [Role.VIEWER])
    with pytest.raises(LastAdmin):
        controllers.disable(made, ROOT, bob.id)


def test_two_admins_cannot_remove_each_other_at_once(made: StaffServices, join: Join) -> None:
    ann, of_ann = join()
    bob, of_bob = join("bob@example.com", Role.ADMIN)

    def remove(pair: tuple[Session, Member]) -> bool:
        try:
            controllers.disable(made, pair[0].actor, pair[1].id)
        except LastAdmin:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(remove, [(of_ann, bob), (of_bob, ann)])) == [False, True]


def test_roles_hold_from_the_next_request_on(made: StaffServices, join: Join) -> None:
    join()
    bob, _ = join("bob@example.com", Role.ANALYST)
    token = signing_in.sign_in(made, bob.email, bob.password, bob.code(), HERE).token
    controllers.set_roles(made, ROOT, bob.id, [Role.AUDITOR])
    session = signing_in.authenticate(made, token)
    assert session
    assert session.account.roles == (Role.AUDITOR,)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_admin_changes_accounts(made: StaffServices, join: Join, role: Role) -> None:
    ann, _ = join()
    other = person(99, "Eve", [role])
    forbidden: Sequence[Callable[[], object]] = (
        lambda: controllers.invite(made, other, "eve@example.com", [Role.ADMIN]),
        lambda: controllers.make_link(made, other, ann.id),
        lambda: controllers.sign_in_link(made, other, ann.id),
        lambda: controllers.set_roles(made, other, ann.id, [Role.ADMIN]),
        lambda: controllers.disable(made, other, ann.id),
        lambda: controllers.enable(made, other, ann.id),
        lambda: controllers.end_sessions(made, other, ann.id),
        lambda: controllers.staff(made.database, other),
        lambda: controllers.account(made.database, other, ann.id),
        lambda: controllers.by_email(made.database, other, ann.email),
    )
    for step in forbidden:
        with pytest.raises(NotPermitted, match="staff:write; roles that have it: admin"):
            step()


def test_an_email_address_has_one_account(made: StaffServices) -> None:
    controllers.invite(made, ROOT, "Ann@example.com", [Role.VIEWER])
    with pytest.raises(AccountExists):
        controllers.invite(made, ROOT, "ann@EXAMPLE.com", [Role.ADMIN])
    with pytest.raises(NoRole):
        controllers.invite(made, ROOT, "bob@example.com", [])
    with pytest.raises(NoSuchAccount):
        controllers.disable(made, ROOT, 4711)


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "@example.com", "a b@example.com", "ann@example.com\nBcc: x@y.z", "a" * 255]
)
def test_what_is_no_email_address_is_refused(made: StaffServices, email: str) -> None:
    with pytest.raises(InvalidInput, match="email"):
        controllers.invite(made, ROOT, email, [Role.VIEWER])


def test_new_recovery_codes_replace_all_before(made: StaffServices, join: Join) -> None:
    ann, session = join()
    codes = own_account.renew_recovery_codes(made, session)
    with pytest.raises(SignInRefused):
        signing_in.sign_in(made, ann.email, ann.password, ann.recovery_codes[0], HERE)
    assert signing_in.sign_in(made, ann.email, ann.password, codes[0], HERE).token


def test_preferences_are_kept(made: StaffServices, join: Join) -> None:
    ann, session = join()
    own_account.set_preferences(made, session, Preferences(zone="Europe/London", single_keys=False))
    found, _ = controllers.account(made.database, ROOT, ann.id)
    assert found.preferences == Preferences(zone="Europe/London", single_keys=False)
    with pytest.raises(InvalidInput, match="zone"):
        own_account.set_preferences(made, session, Preferences(zone="Mars/Olympus"))


def test_links_that_sign_in_are_made_in_development_only(made: StaffServices, app_with: AppWith) -> None:
    link = controllers.invite(made, ROOT, "bob@example.com", [Role.VIEWER], "Bob")
    in_production = services_of(app_with(env="production"), StaffServices)
    with pytest.raises(WrongState, match="in development only"):
        controllers.sign_in_link(in_production, ROOT, link.account.id)
    there = controllers.sign_in_link(made, ROOT, link.account.id)
    with pytest.raises(LinkExpired):
        setting_up.follow_sign_in_link(in_production, there.token, HERE)
    with pytest.raises(LinkExpired):
        setting_up.set_up(made, there.token, "Bob", PASSWORD, "000000", HERE)
    assert setting_up.follow_sign_in_link(made, there.token, HERE).token
    with pytest.raises(LinkExpired):
        setting_up.follow_sign_in_link(made, there.token, HERE)


def test_an_invitation_is_no_link_that_signs_in(made: StaffServices) -> None:
    link = controllers.invite(made, ROOT, "bob@example.com", [Role.VIEWER])
    with pytest.raises(LinkExpired):
        setting_up.follow_sign_in_link(made, link.token, HERE)
    assert setting_up.look_up_link(made, link.token)  # it was not used up


def test_the_audit_is_only_added_to(made: StaffServices, join: Join, sql: Sql) -> None:
    join()
    with pytest.raises(Exception, match="only added to"):
        sql("DELETE FROM staff_audit")
    entries = controllers.audit(made.database, ROOT)
    assert [each.step for each in entries] == ["signed-in", "activated", "link-made", "invited"]
    assert controllers.audit(made.database, ROOT, before=entries[1].id) == entries[2:]


def test_ended_sessions_are_deleted_in_time(
    made: StaffServices, join: Join, clock: Callable[[str], None], sql: Sql
) -> None:
    ann, _ = join()
    clock("13 hours")
    signing_in.sign_in(made, ann.email, ann.password, ann.code(), HERE)
    assert sql("SELECT count(*) FROM staff_session") == [(1,)]


def test_who_saw_a_link_that_was_replaced_knows_nothing_of_use(made: StaffServices, join: Join) -> None:
    ann, _ = join()
    seen = [setting_up.look_up_link(made, controllers.make_link(made, ROOT, ann.id).token).secret for _ in range(3)]
    assert len({*seen, ann.secret}) == 4
    signing_in.sign_in(made, ann.email, ann.password, ann.code(), HERE)  # until a link is used


@pytest.mark.parametrize("name", ["x" * 101, "Ann\nSmith", "Ann\u202eSmith"])
def test_a_name_that_pages_cannot_show_is_refused(made: StaffServices, name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        controllers.invite(made, ROOT, "bob@example.com", [Role.VIEWER], name)
