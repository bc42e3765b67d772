"""Where a page of the queue ends: the values of its last case that order the list, as a text for addresses."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from app.cases.domain import Case
from app.cases.refusals import WrongCursor
from lib.fields import BIGINT_MAX

SEPARATOR = "~"


def cursor_of(case: Case, columns: Sequence[Any]) -> str:
    """Return where the page ends whose last case this is."""
    return SEPARATOR.join(_text(getattr(case, column.key)) for column in columns)


def parse_cursor(cursor: str, columns: Sequence[Any]) -> list[object]:
    """Return the values of these columns that a cursor has; raises `WrongCursor`."""
    parts = cursor.split(SEPARATOR)
    try:
        return [_value(part, column.type.python_type) for part, column in zip(parts, columns, strict=True)]
    except (ValueError, OverflowError) as error:
        raise WrongCursor from error


def _text(value: object) -> str:
    # "+00:00" would be a space in an address that is not escaped.
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _value(part: str, kind: type) -> object:
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is None:
            raise ValueError(part)
        return moment.astimezone(UTC)
    number = int(part)
    if not 0 <= number <= BIGINT_MAX:
        raise ValueError(part)
    return number
