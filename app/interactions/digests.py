"""The digest of a record: over all of its columns, so that a row that was changed later is found."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Any

UNCOVERED = frozenset({"id", "digest"})  # an id is known only when the row is stored; the case's journal names both


def digest_of(row: Mapping[str, object]) -> str:
    """Return the SHA-256 of a row, in hexadecimal; it does not depend on how PostgreSQL writes numbers and times."""
    covered = {name: plain(value) for name, value in row.items() if name not in UNCOVERED}
    return sha256(json.dumps(covered, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def plain(value: object) -> Any:  # noqa: ANN401  # any JSON value
    """Return a value of a column as JSON."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
