"""Secrets of endpoints: derived from WEBHOOK_KEY, so that none is stored, and signatures by them (A64).

The form of both is that of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com).
"""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from app.webhooks.domain import Endpoint
from lib.derived_secrets import derive, name_of

PREFIX = "whsec_"
NO_KEY = (
    "WEBHOOK_KEY is not set, and the secrets of endpoints are derived from it: set it, in all processes, to a key as "
    "`openssl rand -hex 32` prints one, and keep it"
)


class NoWebhookKey(Exception):
    """No key is set, or not the one that an endpoint's secret was derived from; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookKeys:
    """The values of WEBHOOK_KEY: new secrets are derived from the first; those before are still known."""

    values: Sequence[str] = ()

    @property
    def newest(self) -> str:
        """The name of the key for new secrets; raises `NoWebhookKey`."""
        if not self.values:
            raise NoWebhookKey(NO_KEY)
        return name_of(self.values[0])

    def secret(self, endpoint_id: int, key: str, version: int) -> str:
        """Return an endpoint's secret of a version, from the key of this name; raises `NoWebhookKey`."""
        return PREFIX + b64encode(self._bytes(endpoint_id, key, version)).decode()

    def signatures(self, endpoint: Endpoint, message_id: str, at: int, body: bytes, now: datetime) -> str:
        """Return the header `webhook-signature` of an attempt at `at` (Unix seconds); raises `NoWebhookKey`.

        After a rotation the secret before signs as well, unless the key that it was derived from has left the setting.
        """
        secrets = [self._bytes(endpoint.id, endpoint.key, endpoint.secret_version)]
        if endpoint.previous_key and endpoint.previous_until and now < endpoint.previous_until:
            with suppress(NoWebhookKey):
                secrets.append(self._bytes(endpoint.id, endpoint.previous_key, endpoint.secret_version - 1))
        signed = f"{message_id}.{at}.".encode() + body
        return " ".join(f"v1,{b64encode(hmac.digest(secret, signed, 'sha256')).decode()}" for secret in secrets)

    def _bytes(self, endpoint_id: int, key: str, version: int) -> bytes:
        try:
            return derive(self.values, key, f"endpoint {endpoint_id} version {version}")
        except KeyError:
            raise NoWebhookKey(
                f"the secret was derived from another WEBHOOK_KEY (named {key}): add that one after the new one"
            ) from None
