"""Digests by e-mail, received by a real SMTP server (A67)."""

import json
import ssl
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from apiflask import APIFlask

from testkit.ports import free_port
from tests.integration.certificate_authorities import new_authority
from tests.integration.clients import codes, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.locks import locked
from tests.integration.telling import LOOPBACK, add_endpoint, deliveries, make_due, number, send_due, work

if TYPE_CHECKING:
    from email.message import EmailMessage

FROM = "alerts@example.com"


class Mailbox:
    """What a server has taken; it answers as it is told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.receivers: list[list[str]] = []
        self.answer = "250 OK"
        self.users: list[str] = []

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        if self.answer.startswith("250"):
            content = cast("bytes", envelope.content)
            self.mails.append(message_from_bytes(content, policy=default))
            self.receivers.append(envelope.rcpt_tos)
        return self.answer

    def authenticate(self, _: SMTP, __: Session, ___: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        self.users.append(f"{data.login.decode()}:{data.password.decode()} by {mechanism}")
        return AuthResult(success=data.password == b"p@ss", handled=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[Controller]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def app(app_with: AppWith, smtp: Controller) -> APIFlask:
    return app_with(**LOOPBACK, smtp_url=f"smtp://127.0.0.1:{smtp.port}?tls=off", mail_from=FROM)


def raise_alerts(app: APIFlask, *users: int) -> None:
    for user_id in users:
        assert codes(send(app.test_client(), "withdraw", "150", 5, user_id)) == [1100]


def test_what_is_due_to_an_address_comes_as_one_mail_a_minute(app: APIFlask, mailbox: Mailbox, sql: Sql) -> None:
    add_endpoint(sql, "mailto:team%2Balerts@example.org", "email")
    raise_alerts(app, 1, 2)
    work(app)
    [mail] = mailbox.mails
    assert mailbox.receivers == [["team+alerts@example.org"]]
    assert mail["From"] == f"Activity alerts <{FROM}>"
    assert mail["Subject"] == "Activity alerts: 2 raised"
    assert mail["Auto-Submitted"] == "auto-generated"
    lines = mail.get_content().replace("\r\n", "\n").split("\n\n")
    assert [line.split(".")[0] for line in lines] == [f"Alert: player {user}, code 1100, t 5" for user in (1, 2)]
    assert deliveries(sql) == [("delivered", 1, 250)] * 2
    raise_alerts(app, 3)
    work(app)
    assert len(mailbox.mails) == 1
    [(waits,)] = sql("SELECT extract(epoch FROM ready_at - now())::float FROM endpoint")
    assert 55 < waits <= 60
    make_due(sql)
    send_due(app)
    assert "player 3" in mailbox.mails[1].get_content()
    assert mailbox.mails[1]["Message-ID"] != mail["Message-ID"]


SAME_ADDRESS = (
    "mailto:team%2balerts@example.org",
    "mailto:team+alerts@Example.org",
    "mailto:TEAM%2Balerts@example.org",
)
A_MINUTE_PASSES = "UPDATE endpoint SET ready_at = ready_at - interval '60 s'"


def test_endpoints_of_one_address_take_turns_one_mail_a_minute(app: APIFlask, mailbox: Mailbox, sql: Sql) -> None:
    """A67."""
    for url in SAME_ADDRESS:
        add_endpoint(sql, url, "email")
    told = []
    for minute in range(6):
        raise_alerts(app, *range(10 * minute + 1, 10 * minute + 3))
        work(app)
        send_due(app)
        assert len(mailbox.mails) == minute + 1
        sql(A_MINUTE_PASSES)
        [(endpoint,)] = sql(
            "SELECT endpoint_id - (SELECT min(id) FROM endpoint) FROM delivery WHERE state = 'delivered'"
            " GROUP BY endpoint_id ORDER BY max(done_at) DESC LIMIT 1"
        )
        told.append(endpoint)
    assert told == [0, 1, 2, 0, 1, 2]
    assert mailbox.mails[5]["Subject"] == "Activity alerts: 6 raised", "all that it had not been told of"


def test_the_pace_of_an_address_is_kept_for_an_endpoint_that_had_nothing_due(
    app: APIFlask, app_with: AppWith, smtp: Controller, mailbox: Mailbox, sql: Sql
) -> None:
    add_endpoint(sql, SAME_ADDRESS[0], "email", state="paused")
    add_endpoint(sql, SAME_ADDRESS[1], "email", codes=[1100])
    other = add_endpoint(sql, SAME_ADDRESS[2], "email", codes=[30])
    raise_alerts(app, 1)
    work(app)
    assert len(mailbox.mails) == 1
    sql("UPDATE endpoint SET codes = '{}' WHERE id = %s", other)
    sql("UPDATE endpoint SET codes = '{30}' WHERE id = %s", other - 1)
    raise_alerts(app, 2)
    work(app)
    send_due(app)
    assert len(mailbox.mails) == 1
    sql(A_MINUTE_PASSES)
    send_due(app)
    assert len(mailbox.mails) == 1, "this worker remembers it"
    send_due(app_with(**LOOPBACK, smtp_url=f"smtp://127.0.0.1:{smtp.port}?tls=off", mail_from=FROM))
    assert len(mailbox.mails) == 2
    assert "player 2" in mailbox.mails[1].get_content()


def test_two_workers_do_not_send_to_one_address_at_once(
    app: APIFlask, database: str, mailbox: Mailbox, sql: Sql
) -> None:
    ids = [add_endpoint(sql, url, "email", codes=[code]) for url, code in zip(SAME_ADDRESS, (30, 1100), strict=False)]
    raise_alerts(app, 1)
    number(app)
    with locked(database, f"SELECT FROM endpoint WHERE id = {ids[0]} FOR UPDATE"):
        send_due(app)
        assert mailbox.mails == []
    send_due(app)
    assert len(mailbox.mails) == 1


def test_a_mail_that_is_refused_is_tried_again_as_the_same(app: APIFlask, mailbox: Mailbox, sql: Sql) -> None:
    add_endpoint(sql, "mailto:team@example.org", "email")
    raise_alerts(app, 1)
    mailbox.answer = "451 4.3.0 not\x1b now"
    work(app)
    assert deliveries(sql) == [("due", 1, 451)]
    [(error,)] = sql("SELECT last_error FROM delivery")
    assert error.startswith("answered 451: 4.3.0 not")
    assert error.isprintable()
    mailbox.answer = "250 OK"
    make_due(sql)
    send_due(app)
    assert deliveries(sql) == [("delivered", 2, 250)]


@pytest.mark.parametrize("url", ["mailto:a@b.example%0d%0aBcc:x@y.example", "mailto:", "mailto:nobody"])
def test_an_address_that_is_none_is_a_failure(app: APIFlask, mailbox: Mailbox, sql: Sql, url: str) -> None:
    add_endpoint(sql, url, "email")
    raise_alerts(app, 1)
    work(app)
    assert mailbox.mails == []
    assert [state for state, _, _ in deliveries(sql)] == ["due"]


def test_without_a_server_it_says_what_to_set(app_with: AppWith, sql: Sql) -> None:
    app = app_with(**LOOPBACK)
    add_endpoint(sql, "mailto:team@example.org", "email")
    raise_alerts(app, 1)
    work(app)
    [(error,)] = sql("SELECT last_error FROM delivery")
    assert error == "no mail server is set: set SMTP_URL and MAIL_FROM"


def test_a_server_that_is_not_there_is_a_failure(app_with: AppWith, sql: Sql) -> None:
    app = app_with(**LOOPBACK, smtp_url=f"smtp://127.0.0.1:{free_port()}?tls=off", mail_from=FROM)
    add_endpoint(sql, "mailto:team@example.org", "email")
    raise_alerts(app, 1)
    number(app)
    send_due(app)
    assert deliveries(sql) == [("due", 1, None)]


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate for localhost, whose authority programs here trust."""
    authority = new_authority(tmp_path / "ca")
    certified = authority.certify("localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certified.certificate, certified.key)
    return context


@pytest.mark.parametrize(
    ("host", "password", "error"),
    [
        ("localhost", "p%40ss", None),
        ("localhost", "wrong", "answered 535"),
        ("127.0.0.1", "p%40ss", "the server's certificate is not valid"),
    ],
)
def test_it_signs_in_over_tls_only(  # noqa: PLR0913, PLR0917  # parameters and fixtures
    app_with: AppWith, mailbox: Mailbox, trusted: ssl.SSLContext, sql: Sql, host: str, password: str, error: str | None
) -> None:
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=trusted,
        require_starttls=True,
        auth_required=True,
        authenticator=mailbox.authenticate,
    )
    controller.start()
    try:
        url = f"smtp://ann:{password}@{host}:{controller.port}"
        app = app_with(**LOOPBACK, smtp_url=url, mail_from=FROM)
        add_endpoint(sql, "mailto:team@example.org", "email")
        raise_alerts(app, 1)
        work(app)
    finally:
        controller.stop()
    if error is None:
        assert len(mailbox.mails) == 1
        assert mailbox.users[0].startswith("ann:p@ss by ")
    else:
        assert mailbox.mails == []
        [(said,)] = sql("SELECT last_error FROM delivery")
        assert said.startswith(error)
        assert "p@ss" not in said


def test_what_players_and_people_wrote_stays_text(app: APIFlask, mailbox: Mailbox, sql: Sql) -> None:
    add_endpoint(sql, "mailto:team@example.org", "email")
    body = {"edition": 7, "note": "a\r\nBcc: x@example.org\r\n\r\n.\r\nQUIT", "published_by": "\u202eann"}
    sql("INSERT INTO notice (topic, body) VALUES ('rulebook.published', %s)", json.dumps(body))
    work(app)
    [mail] = mailbox.mails
    assert mail["Bcc"] is None
    assert mail.get_content().strip() == "Rules published: edition 7 is live, by ann: a Bcc: x@example.org . QUIT"
