"""The questions that are asked of the stored alerts."""

from json import JSONEncoder

from app.alerts.domain import StoredAlert
from lib.transactions import Statement, Transaction

KEEP = Statement(
    "keep_alert",
    ("bigint", "bigint", "integer", "boolean", "integer", "jsonb"),
    "INSERT INTO alert (user_id, t, code, shadow, edition, evidence) VALUES ($1, $2, $3, $4, $5, $6)",
)
_encode = JSONEncoder(separators=(",", ":")).encode


class AlertQueries:
    """The questions about alerts that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def keep(self, alert: StoredAlert) -> None:
        """Keep an alert with its evidence."""
        evidence = {name: getattr(alert.evidence, name) for name in ("value", "limit", "count", "moments", "sentence")}
        self._transaction.write(
            KEEP, alert.user_id, alert.t, alert.code, alert.shadow, alert.edition, _encode(evidence)
        )
