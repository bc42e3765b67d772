"""Files as other systems write them: each line is read, or refused with its number and the reason (A54)."""

import gzip
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest

from app.intake.cli import import_
from app.intake.domain import Fault, ImportRefused
from app.intake.options import form_of
from app.intake.staging import parse_batch
from lib.record_files import RecordFile, UnreadableFile

ANN = UUID(int=1)
LINES = b"1,1,deposit,1\n" * 99_999


class Read(NamedTuple):
    lines: list[str]
    faults: list[Fault]


def given(folder: Path, content: str | bytes, name: str = "events.csv") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def read(file: Path, *options: str) -> Read:
    form, _ = form_of(import_.make_context("import", [str(file), *options]).params)
    with RecordFile(file) as opened:
        parse = form.of_members(None) if opened.header is None else form.of_header(opened.header, None)
        lines, faults = parse_batch(list(opened.records()), parse, "")
    return Read(lines, faults)


def told(found: Read) -> str:
    [fault] = found.faults
    return f"line {fault.line}, {fault.field}: {fault.reason}" if fault.field else f"line {fault.line} {fault.reason}"


ACCEPTED = {
    "plain": ("user_id,t,type,amount\n1,10,deposit,42.00\n", []),
    "columns in another order, and time": ("amount,time,user_id,type\n42,10,1,deposit\n", []),
    "semicolons": ("user_id;t;type;amount\n1;10;deposit;42.00\n", []),
    "semicolons and decimal commas": ("user_id;t;type;amount\n1;10;deposit;42,00\n", ["--decimal-comma"]),
    "tabs": ("user_id\tt\ttype\tamount\n1\t10\tdeposit\t42.0\n", []),
    "a byte order mark": ("\ufeffuser_id,t,type,amount\n1,10,deposit,42.00\n", []),
    "CRLF": ("user_id,t,type,amount\r\n1,10,deposit,42.00\r\n", []),
    "blank lines": ("user_id,t,type,amount\n\n1,10,deposit,42.00\n\n", []),
    "no line break at the end": ("user_id,t,type,amount\n1,10,deposit,42.00", []),
    "quotes": ('"user_id","t","type","amount"\n"1","10","deposit","42.00"\n', []),
    "an empty event_id": ("user_id,t,type,amount,event_id\n1,10,deposit,42.00,\n", []),
    "cents": ("user_id,t,type,amount\n1,10,deposit,4200\n", ["--cents"]),
    "milliseconds": ("user_id,t,type,amount\n1,10999,deposit,42\n", ["--time", "ms"]),
    "microseconds": ("user_id,t,type,amount\n1,10999999,deposit,42\n", ["--time", "us"]),
    "ISO with Z": ("user_id,t,type,amount\n1,1970-01-01T00:00:10Z,deposit,42\n", ["--time", "iso"]),
    "ISO with an offset": ("user_id,t,type,amount\n1,1970-01-01 02:00:10.9+02:00,deposit,42\n", ["--time", "iso"]),
    "ISO without a zone": (
        "user_id,t,type,amount\n1,1970-01-01T01:00:10,deposit,42\n",
        ["--time", "iso", "--zone", "Europe/Berlin"],
    ),
    "other columns": (
        "player,at,kind,sum,balance,currency\n1,10,deposit,42,7,EUR\n",
        ["--map", "user_id=player,t=at", "--map", "type=kind,amount=sum", "--ignore", "balance", "--currency", "EUR"],
    ),
    "other words": (
        "user_id,t,type,amount\n1,10,DEPOSIT,42\n1,11,bet,7\n",
        ["--type", "deposit=DEPOSIT,withdraw=withdrawal,ignore=bet"],
    ),
    "JSON lines": ('{"user_id": 1, "t": 10, "type": "deposit", "amount": 42.00}\n\n', []),
    "JSON lines with other names": (
        '{"player": 1, "time": "1970-01-01T00:00:10Z", "type": "IN", "amount": "42", "x": {}}\n',
        ["--map", "user_id=player", "--type", "deposit=IN", "--time", "iso", "--ignore", "x"],
    ),
    "JSON lines in cents": ('{"user_id": 1, "t": 10, "type": "deposit", "amount": 4200}', ["--cents"]),
}


@pytest.mark.parametrize("zipped", ["plain", "gzipped"])
@pytest.mark.parametrize("case", ACCEPTED.values(), ids=list(ACCEPTED))
def test_files_that_are_read(tmp_path: Path, case: tuple[str, list[str]], zipped: str) -> None:
    content, options = case
    file = given(tmp_path, gzip.compress(content.encode()) if zipped == "gzipped" else content)
    lines, faults = read(file, *options)
    [(_, user_id, t, kind, amount, event_id)] = [line.rstrip("\n").split("\t") for line in lines]
    assert (user_id, t, kind, float(amount), event_id) == ("1", "10", "deposit", 42.0, "\\N")
    assert not faults


FAULTY = {
    "a float": ("1,10,deposit,42.000000001", [], "line 2, amount: Must be a plain decimal"),
    "scientific notation": ("1,10,deposit,1e2", [], "not as floating point numbers"),
    "a decimal comma": ('1,10,deposit,"42,00"', [], "--decimal-comma reads 42,00"),
    "a negative amount": ("1,10,deposit,-42", [], "a withdrawal is a positive amount"),
    "nothing": ("1,10,deposit,0.00", [], "line 2, amount: Must be above zero."),
    "no cents": ("1,10,deposit,42.00", ["--cents"], "line 2, amount: Must be a whole number of cents"),
    "another word": (
        "1,10,withdrawal,42",
        [],
        "line 2, type: Must be one of deposit, withdraw, deposit_failed, withdraw",
    ),
    "a uuid": (f"{ANN},10,deposit,42", [], "--players FILE.csv gives other ids a number"),
    "leading zeros": ("007,10,deposit,42", [], "line 2, user_id: Must be a whole number"),
    "too great": (f"{2**63},10,deposit,42", [], "line 2, user_id: Must be a whole number"),
    "a date": ("1,2026-01-31,deposit,42", [], "line 2, t: Is a date: --time date"),
    "a date as ISO": ("1,2026-01-31,deposit,42", ["--time", "iso"], "Has no time of day: --time date"),
    "an ISO time": (
        "1,2026-01-31T09:30:00Z,deposit,42",
        [],
        "line 2, t: Is an ISO 8601 time: read it with --time iso.",
    ),
    "no zone": ("1,2026-01-31T09:30:00,deposit,42", ["--time", "iso"], "Has no zone: say which one is meant"),
    "no such day": ("1,2026-02-31T09:30:00Z,deposit,42", ["--time", "iso"], "line 2, t: Is no time"),
    "no such hour": (
        "1,2026-03-29T02:30:00,deposit,42",
        ["--time", "iso", "--zone", "Europe/Berlin"],
        "Does not exist in Europe/Berlin",
    ),
    "before 1970": ("1,1969-12-31T09:30:00Z,deposit,42", ["--time", "iso"], "line 2, t: Is before 1970."),
    "the first moment": ("1,0001-01-01T00:00:00+01:00,deposit,42", ["--time", "iso"], "line 2, t: Is before 1970."),
    "the first moment of a zone": (
        "1,0001-01-01T00:00:00,deposit,42",
        ["--time", "iso", "--zone", "Europe/Berlin"],
        "line 2, t: Is before 1970.",
    ),
    "the first day": (
        "1,0001-01-01,deposit,42",
        ["--time", "date", "--zone", "Europe/Berlin"],
        "line 2, t: Is before 1970.",
    ),
    "the last moment": ("1,9999-12-31T23:59:59-01:00,deposit,42", ["--time", "iso"], "Is after the year 9999."),
    "the last moment of a zone": (
        "1,9999-12-31T23:59:59,deposit,42",
        ["--time", "iso", "--zone", "America/New_York"],
        "line 2, t: Is after the year 9999.",
    ),
    "half a second": ("1,10.5,deposit,42", [], "line 2, t: Must be a whole number"),
    "too few values": ("1,10,deposit", [], "line 2 has 3 values, but the header names 4"),
    "a quote that stays open": ('1,10,"deposit,42\n1,11,deposit,42', [], "line 2 is no line of a CSV"),
    "not UTF-8": (b"1,10,\xff,42", [], "line 2 is not UTF-8"),
}


@pytest.mark.parametrize("case", FAULTY.values(), ids=list(FAULTY))
def test_lines_that_are_refused(tmp_path: Path, case: tuple[str | bytes, list[str], str]) -> None:
    line, options, reason = case
    content = line if isinstance(line, bytes) else line.encode()
    assert reason in told(read(given(tmp_path, b"user_id,t,type,amount\n" + content + b"\n"), *options))


FAULTY_JSON = {
    "a string": (
        '{"user_id": "1", "t": 1, "type": "deposit", "amount": 1}',
        "line 1, user_id: Must be a JSON integer.",
    ),
    "a boolean": (
        '{"user_id": true, "t": 1, "type": "deposit", "amount": 1}',
        "line 1, user_id: Must be a JSON integer.",
    ),
    "a fraction": ('{"user_id": 1, "t": 1.0, "type": "deposit", "amount": 1}', "line 1, t: Must be"),
    "too exact": ('{"user_id": 1, "t": 1, "type": "deposit", "amount": 1.001}', "line 1, amount: Must be a plain"),
    "missing": ('{"user_id": 1, "t": 1, "type": "deposit"}', "line 1, amount: Missing."),
    "unknown": ('{"user_id": 1, "t": 1, "type": "deposit", "amount": 1, "x": 1}', "--ignore x"),
    "twice": ('{"user_id": 1, "user_id": 1, "t": 1, "type": "deposit", "amount": 1}', "line 1 user_id is given twice"),
    "null": ('{"user_id": 1, "t": 1, "type": "deposit", "amount": 1, "event_id": null}', "line 1, event_id: Must be a"),
    "no JSON": ('{"user_id": 1,', "line 1"),
    "an array": (
        '{"user_id": [1], "t": 1, "type": "deposit", "amount": 1}',
        "line 1, user_id: Must be a JSON integer.",
    ),
}


@pytest.mark.parametrize(("line", "reason"), FAULTY_JSON.values(), ids=list(FAULTY_JSON))
def test_json_that_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    assert reason in told(read(given(tmp_path, line + "\n", "events.ndjson")))


UNREADABLE = {
    "empty": (b"", "is empty: its first line must name the columns"),
    "UTF-16": ("user_id,t,type,amount\n".encode("utf-16"), "iconv -f UTF-16LE -t UTF-8"),
    "a JSON array": (b'[{"user_id": 1}]', "is a JSON array"),
    "an unknown column": (b"user_id,t,type,amount,note\n1,1,deposit,1,x\n", "leave columns out: --ignore note"),
    "a missing column": (b"user_id,t,type\n1,1,deposit\n", "the first line names no column amount"),
    "a currency": (b"user_id,t,type,amount,currency\n1,1,deposit,1,EUR\n", "refuses lines of another"),
    "a damaged gzip file": (gzip.compress(b"user_id,t,type,amount\n" + LINES)[:-20], "is damaged or cut off after"),
    "gzip of nonsense": (b"\x1f\x8b nonsense", "damaged gzip file"),
    "one endless line": (b"x" * 2_000_000, "has more than 1,048,576 characters"),
}


@pytest.mark.parametrize(("content", "reason"), UNREADABLE.values(), ids=list(UNREADABLE))
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises((UnreadableFile, ImportRefused), match=reason):
        read(given(tmp_path, content))


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    file = given(tmp_path, "user_id,t,type,amount\n" + "1,1,deposit,1\n" * 5)
    with RecordFile(file) as opened:
        records = opened.records()
        next(records)
        file.write_text("user_id,t,type,amount\n1,1,deposit,1\n")
        with pytest.raises(UnreadableFile, match="was changed while it was read"):
            list(records)
