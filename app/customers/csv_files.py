"""Files of comma-separated values as spreadsheets open them: RFC 4180, UTF-8 with a byte order mark, times in UTC.

A text that begins like a formula gets an apostrophe, so that no spreadsheet computes what somebody typed.
"""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from io import StringIO
from typing import IO

from app.customers.lines import Line

COLUMNS = (
    *("kind", "at", "recorded_at", "t", "n", "event_id", "what", "amount", "codes", "edition", "case", "by", "text"),
)
MARK = "\ufeff"  # tells spreadsheets that UTF-8 follows
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a text begins that a spreadsheet might compute


def write_csv(file: IO[bytes], found: Iterable[Line]) -> tuple[int, bytes]:
    """Write lines below a row of names; return how many lines they are, and the SHA-256 of the file."""
    digest, rows = sha256(), -1
    for row in _rows(found):
        written = row.encode()
        digest.update(written)
        file.write(written)
        rows += 1
    return rows, digest.digest()


def _rows(found: Iterable[Line]) -> Iterable[str]:
    yield MARK + csv_row(COLUMNS)
    for line in found:
        yield csv_row(
            (
                line.kind.value,
                _time(line.at),
                _time(line.recorded_at),
                _number(line.t),
                _number(line.n),
                safe(line.event_id or ""),
                safe(line.what),
                f"{line.amount:.2f}" if line.amount is not None else "",
                " ".join(map(str, line.codes)),
                _number(line.edition),
                _number(line.case),
                safe(line.by),
                safe(line.text),
            )
        )


def csv_row(values: Iterable[str]) -> str:
    """Return a row with CRLF at its end."""
    text = StringIO(newline="")
    csv.writer(text).writerow(values)
    return text.getvalue()


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""
