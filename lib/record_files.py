"""Files of records: CSV with a header, or a JSON object a line, plain or gzipped; read one record at a time.

Every record knows the line at which it begins, also where quoted values hold line breaks. Nothing is guessed about the
values: they are the strings of the CSV, or what strict JSON says.
"""

import csv
import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from lib.json_requests import GivenTwice, MalformedJson, read_object

MAX_LINE = 1024 * 1024  # characters; a longer line is no record, and must not fill the memory
BUFFER = 1024 * 1024  # bytes
GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
OTHER_UNICODE = {b"\xff\xfe": "UTF-16LE", b"\xfe\xff": "UTF-16BE"}
DELIMITERS = ",;\t"

Values = Sequence[str] | Mapping[str, Any]


class UnreadableFile(Exception):
    """The file as a whole cannot be read; the text says why and what to do."""


class Record(NamedTuple):
    """A record: its first line, its text as in the file, and its values; or `fault`, why it has none."""

    line: int
    text: str
    values: Values = ()
    fault: str = ""


class RecordFile:
    """A file that is open for reading its records, once; a context manager.

    `digest` is the SHA-256 of its bytes; `header` are the names of the columns of a CSV, None for JSON lines. Raises
    `UnreadableFile`, also in the middle.
    """

    digest: str
    header: Sequence[str] | None

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw = path.open("rb")
        self._before = self._identity()
        self._lines = 0
        self._taken: list[str] = []

    def __enter__(self) -> Self:
        try:
            self._refuse_pipe()
            self.digest = hashlib.file_digest(self._raw, "sha256").hexdigest()
            self._open()
        except BaseException:
            self._raw.close()
            raise
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._raw.close()

    @property
    def size(self) -> int:
        """The bytes of the file, compressed where it is."""
        return self._before[0]

    @property
    def position(self) -> int:
        """How many of them were read."""
        return self._raw.tell()

    def records(self) -> Iterator[Record]:
        """Yield the records; blank lines are skipped."""
        try:
            yield from self._json_records() if self.header is None else self._csv_records()
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise UnreadableFile(
                f"{self._path} is damaged or cut off after line {self._lines}; "
                f"gzip -t {self._path} says the same: fetch it again"
            ) from None
        if self._identity() != self._before:
            raise UnreadableFile(f"{self._path} was changed while it was read; import it again when it is complete")

    def _identity(self) -> tuple[int, int, int]:
        found = os.fstat(self._raw.fileno())
        return found.st_size, found.st_mtime_ns, found.st_ino

    def _refuse_pipe(self) -> None:
        if not self._raw.seekable():
            raise UnreadableFile(f"{self._path} is a pipe, and would be read twice: write it to a file first")

    def _open(self) -> None:
        """Go to the beginning, and find out what kind of file it is."""
        self._raw.seek(0)
        zipped = self._raw.read(len(GZIP)) == GZIP
        self._raw.seek(0)
        self._content = io.BufferedReader(gzip.GzipFile(fileobj=self._raw), BUFFER) if zipped else self._raw
        self._lines = 0
        try:
            self._begin(self._content.peek(64)[:64])
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise UnreadableFile(f"{self._path} is a damaged gzip file: fetch it again") from None

    def _begin(self, first: bytes) -> None:
        for mark, encoding in OTHER_UNICODE.items():
            if first.startswith(mark):
                raise UnreadableFile(
                    f"{self._path} is {encoding}: iconv -f {encoding} -t UTF-8 {self._path} > utf8.csv, "
                    "then import utf8.csv"
                )
        if first.startswith(BOM):
            self._content.read(len(BOM))
        start = first.removeprefix(BOM).lstrip()
        if start.startswith(b"["):
            raise UnreadableFile(
                f"{self._path} is a JSON array: jq -c '.[]' {self._path} > events.ndjson, then import events.ndjson"
            )
        self.header = None
        if not start.startswith(b"{"):
            self._begin_csv()

    def _begin_csv(self) -> None:
        text = io.TextIOWrapper(self._content, encoding="utf-8", errors="surrogateescape", newline="")
        # Closed with the file, not by whoever forgets this wrapper.
        self._text = text
        counted = self._counted(text.readline)
        first = next(counted, "")
        delimiter = max(DELIMITERS, key=first.count)
        self._rows = csv.reader(self._again(first, counted), delimiter=delimiter, strict=True)
        try:
            self.header = [name.strip() for name in next(self._rows, [])]
        except csv.Error as error:
            raise UnreadableFile(f"the first line of {self._path} is no header of a CSV: {error}") from None
        if not any(self.header):
            raise UnreadableFile(f"{self._path} is empty: its first line must name the columns")

    def _again(self, first: str, rest: Iterator[str]) -> Iterator[str]:
        yield first
        yield from rest

    def _counted(self, readline: Any) -> Iterator[str]:  # noqa: ANN401  # of text
        """Yield the lines, and keep those of the present record."""
        take = self._taken.append
        while line := readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                self._refuse_long_line(self._lines + len(self._taken) + 1)
            take(line)
            yield line

    def _refuse_long_line(self, number: int) -> None:
        raise UnreadableFile(
            f"line {number} of {self._path} has more than {MAX_LINE:,} characters: it is no CSV, and no JSON with an "
            "object a line"
        )

    def _csv_records(self) -> Iterator[Record]:
        rows, taken, columns = self._rows, self._taken, len(self.header or ())
        self._lines += len(taken)
        taken.clear()
        while True:
            values: Sequence[str] = ()
            fault = ""
            try:
                values = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                fault = f"is no line of a CSV: {error}"
            line = self._lines + 1
            self._lines += len(taken)
            text = taken[0] if len(taken) == 1 else "".join(taken)
            taken.clear()
            if not text.isascii() and (wrong := _not_utf8(text)):
                yield Record(line, text.encode("utf-8", "replace").decode(), fault=wrong)
            elif fault:
                yield Record(line, text, fault=fault)
            elif len(values) == columns:
                yield Record(line, text, values)
            elif values:
                yield Record(line, text, fault=f"has {len(values)} values, but the header names {columns}")

    def _json_records(self) -> Iterator[Record]:
        while line := self._content.readline(MAX_LINE + 1):
            self._lines += 1
            if len(line) > MAX_LINE:
                self._refuse_long_line(self._lines)
            if line.isspace():
                continue
            try:
                yield Record(self._lines, line.decode("utf-8", "replace"), read_object(line))
            except MalformedJson as error:
                fault = str(error).replace("the body", "the line")
                yield Record(self._lines, line.decode("utf-8", "replace"), fault=fault)
            except GivenTwice as error:
                yield Record(self._lines, line.decode("utf-8", "replace"), fault=f"{error.args[0]} is given twice")


def _not_utf8(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not UTF-8: convert the file, for instance with iconv -f WINDOWS-1252 -t UTF-8"
    return ""
