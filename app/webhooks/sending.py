"""Sends messages to one endpoint, in one request or e-mail, and says how that ended."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from app.version import VERSION
from app.webhooks.bodies import standard_body
from app.webhooks.digests import plain, slack_body, teams_body
from app.webhooks.domain import Endpoint, Format
from app.webhooks.mail import Mail, MailFailed
from app.webhooks.messages import MAX_ERROR, Message, Outcome, Verdict
from app.webhooks.secrets import NoWebhookKey, WebhookKeys
from lib.safe_http import Allowed, Answer, Failed, Refused, post

TIMEOUT = 15.0  # seconds of a request
THROTTLED = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
MULTIPLE = 200
HEADERS = {"Content-Type": "application/json", "User-Agent": f"activity-alerts/{VERSION}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """What sending needs: the keys that secrets are derived from, the addresses allowed, and the mail server if any.

    `timeout` is how long a request may take, in seconds.
    """

    keys: WebhookKeys
    allowed: Allowed
    mail: Mail | None = None
    timeout: float = TIMEOUT


def send(endpoint: Endpoint, messages: Sequence[Message], transport: Transport) -> Outcome:
    """Send messages to an endpoint: one in the standard format, any number in the others.

    Never raises because of the endpoint; takes about 30 seconds at most.
    """
    began = time.monotonic()
    try:
        if endpoint.format is Format.EMAIL:
            return _mailed(endpoint, messages, transport, began)
        answer = _posted(endpoint, messages, transport)
    except MailFailed as error:
        return Outcome(verdict=Verdict.FAILED, seconds=_since(began), status=error.status, error=str(error))
    except (Refused, Failed, NoWebhookKey) as error:
        return Outcome(verdict=Verdict.FAILED, seconds=_since(began), error=plain(error, MAX_ERROR))
    return _outcome(answer, _since(began))


def _mailed(endpoint: Endpoint, messages: Sequence[Message], transport: Transport, began: float) -> Outcome:
    if transport.mail is None:
        raise MailFailed("no mail server is set: set SMTP_URL and MAIL_FROM")
    status = transport.mail.send(endpoint.url, messages)
    return Outcome(verdict=Verdict.DELIVERED, seconds=_since(began), status=status)


def _posted(endpoint: Endpoint, messages: Sequence[Message], transport: Transport) -> Answer:
    signed: Mapping[str, str] = {}
    if endpoint.format is Format.SLACK:
        body = slack_body(messages)
    elif endpoint.format is Format.TEAMS:
        body = teams_body(messages)
    else:
        [message] = messages
        body = standard_body(message)
        signed = _signed(endpoint, message.id, body, transport.keys)
    return post(endpoint.url, body, {**HEADERS, **signed}, transport.allowed, timeout=transport.timeout)


def _signed(endpoint: Endpoint, message_id: str, body: bytes, keys: WebhookKeys) -> Mapping[str, str]:
    """Return the headers that prove who sent a body, and when this attempt was made."""
    now = datetime.now(UTC)
    at = int(now.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": keys.signatures(endpoint, message_id, at, body, now),
    }


def _outcome(answer: Answer, seconds: float) -> Outcome:
    verdict = _verdict(answer.status)
    error = "" if verdict is Verdict.DELIVERED else plain(f"answered {answer.status}: {answer.text}", MAX_ERROR)
    return Outcome(
        verdict=verdict,
        seconds=seconds,
        status=answer.status,
        text=answer.text,
        error=error,
        retry_after=answer.retry_after,
    )


def _verdict(status: int) -> Verdict:
    if status // 100 * 100 == MULTIPLE:
        return Verdict.DELIVERED
    if status == HTTPStatus.GONE:
        return Verdict.GONE
    return Verdict.THROTTLED if status in THROTTLED else Verdict.FAILED


def _since(began: float) -> float:
    return time.monotonic() - began
