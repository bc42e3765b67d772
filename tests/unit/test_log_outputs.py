"""A pipe that cannot be opened anew, another user's or not on Linux: a line waits for its reader there neither."""

import os
import select
from collections.abc import Iterator
from contextlib import suppress

import pytest

from lib import log_outputs
from lib.log_outputs import Output

LINE = b"x" * (select.PIPE_BUF * 3) + b"\n"


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    def refuse(*_: object) -> int:
        raise PermissionError

    reader, writer = os.pipe()
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(log_outputs, "PATIENCE", 0.05)
    yield reader, writer
    for each in (reader, writer):
        with suppress(OSError):
            os.close(each)


def test_a_line_longer_than_what_a_pipe_takes_at_once_arrives_whole(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    assert Output(writer).write(LINE) == 0
    assert os.read(reader, 1 << 20) == LINE


def test_lines_are_dropped_and_counted_while_nobody_reads(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    output = Output(writer)
    for _ in range(10):
        assert output.write(LINE) == 0
    read = os.read(reader, 1 << 20)
    written = read.count(b"\n")
    assert 0 < written < 10
    assert output.write(LINE) == 10 - written
