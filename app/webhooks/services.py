"""What the routes and commands of webhooks need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.alerts.services import Meanings
from app.webhooks.domain import Endpoint
from app.webhooks.messages import Message, Outcome
from app.webhooks.secrets import WebhookKeys
from lib.database import Database
from lib.safe_http import Allowed

Send = Callable[[Endpoint, Sequence[Message]], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookServices:
    """The database, the keys of the endpoints' secrets, which addresses may be told, and what rules mean.

    `can_mail` says whether there is a server for e-mail. `send_now` sends messages to an endpoint at once; it is for
    those that somebody waits for, and takes a few seconds at most.
    """

    database: Database
    keys: WebhookKeys
    allowed: Allowed
    meanings: Meanings
    can_mail: bool
    send_now: Send
