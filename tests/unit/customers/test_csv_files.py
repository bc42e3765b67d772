"""CSV as spreadsheets and programs read it, in which nobody's text is a formula (A81)."""

import csv
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from io import BytesIO, StringIO

import pytest

from app.customers.csv_files import COLUMNS, safe, write_csv
from app.customers.lines import Line, LineKind

AT = datetime(2026, 11, 28, 12, 0, 5, tzinfo=timezone(timedelta(hours=2)))


def test_a_file_has_a_mark_crlf_utc_and_its_digest() -> None:
    lines = [
        Line(kind=LineKind.EVENT, at=AT, t=7, n=0, what="deposit", amount=Decimal(5), codes=(30, 123), edition=1),
        Line(kind=LineKind.STEP, at=AT.astimezone(UTC), what="note", case=3, by="staff:1 Ann", text='a "b",\nc\u0639'),
    ]
    file = BytesIO()
    rows, digest = write_csv(file, lines)
    assert (rows, digest) == (2, sha256(file.getvalue()).digest())
    text = file.getvalue().decode("utf-8-sig")
    assert file.getvalue().startswith(b"\xef\xbb\xbfkind,at,")
    assert text.endswith("\r\n")
    header, event, step = csv.reader(StringIO(text, newline=""))
    assert header == [*COLUMNS]
    event_of = dict(zip(header, event, strict=True))
    assert event_of["at"] == "2026-11-28T10:00:05Z"
    assert (event_of["amount"], event_of["codes"], event_of["case"]) == ("5.00", "30 123", "")
    assert step[-1] == 'a "b",\nc\u0639'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("https://evil.example")'])
def test_no_text_is_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"
    file = BytesIO()
    write_csv(file, [Line(kind=LineKind.REGISTER, what=text, text=text, by=text, event_id=text)])
    _, row = csv.reader(StringIO(file.getvalue().decode("utf-8-sig"), newline=""))
    assert row.count(f"'{text}") == 4


@pytest.mark.parametrize("text", ["", "1=1", "a-b", " =1", "Ann"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert safe(text) == text
