"""Sends digests by e-mail, over SMTP."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from hashlib import sha256
from smtplib import SMTP, SMTP_SSL, SMTPException, SMTPRecipientsRefused, SMTPResponseException
from threading import Timer
from urllib.parse import unquote

from app.webhooks.digests import lines_of, plain, title_of
from app.webhooks.messages import MAX_ERROR, Message
from lib.smtp_url import SmtpServer

MAILTO = "mailto:"
STEP_TIMEOUT = 10.0  # seconds for each answer of the server
TOTAL_TIMEOUT = 30.0  # seconds for everything; less than a lease
ACCEPTED = 250
MAX_SUBJECT = 120  # characters
PARAGRAPHS = "\n\n"


class MailFailed(Exception):
    """The server did not accept the message; `status` is its answer's, None if there was none."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(plain(reason, MAX_ERROR))
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The server that takes e-mail, and the address that it comes from."""

    server: SmtpServer
    sender: str

    def send(self, url: str, messages: Sequence[Message]) -> int:
        """Send a digest to a `mailto:` address and return the server's status; raises `MailFailed`."""
        with _failures():
            mail = digest_mail(self.sender, unquote(url.removeprefix(MAILTO)), messages)
            with _connected(self.server) as smtp:
                smtp.send_message(mail)
        return ACCEPTED


def digest_mail(sender: str, receiver: str, messages: Sequence[Message]) -> EmailMessage:
    """Return the e-mail; the same messages have the same Message-ID. Raises `ValueError` for no proper address."""
    origin = Address(addr_spec=sender)
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = Address("Activity alerts", addr_spec=sender)
    mail["To"] = Address(addr_spec=receiver)
    mail["Subject"] = plain(title_of(messages), MAX_SUBJECT)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{_digest_id(messages)}@{origin.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(PARAGRAPHS.join(lines_of(messages)) + "\n")
    return mail


def _digest_id(messages: Sequence[Message]) -> str:
    return sha256(" ".join(message.id for message in messages).encode()).hexdigest()[:32]


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except SMTPRecipientsRefused as error:
        [(status, answer), *_] = error.recipients.values()
        raise MailFailed(f"the receiver was refused: {_text(answer)}", status) from None
    except SMTPResponseException as error:
        raise MailFailed(f"answered {error.smtp_code}: {_text(error.smtp_error)}", error.smtp_code) from None
    except ssl.SSLCertVerificationError as error:
        raise MailFailed(f"the server's certificate is not valid: {error.verify_message}") from None
    except (MessageError, IndexError, ValueError):  # IndexError: of an empty address
        raise MailFailed("the sender's or the receiver's address is not one") from None
    except (SMTPException, OSError) as error:
        raise MailFailed(f"no answer from the mail server: {error}") from None


@contextmanager
def _connected(server: SmtpServer) -> Iterator[SMTP]:
    """Connect and sign in. At the end of its time the socket is shut down: a timeout holds for a single read only."""
    trusted = ssl.create_default_context()
    with (
        (
            SMTP_SSL(server.host, server.port, timeout=STEP_TIMEOUT, context=trusted)
            if server.tls_at_once
            else SMTP(server.host, server.port, timeout=STEP_TIMEOUT)
        ) as smtp,
        _time_limit(smtp),
    ):
        if server.starttls:
            smtp.starttls(context=trusted)
        if server.user:
            smtp.login(server.user, server.password)
        yield smtp


@contextmanager
def _time_limit(smtp: SMTP) -> Iterator[None]:
    timer = Timer(TOTAL_TIMEOUT, _shut, [smtp])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(smtp: SMTP) -> None:
    with suppress(OSError):
        if smtp.sock:
            smtp.sock.shutdown(socket.SHUT_RDWR)


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
