"""One structlog pipeline for our log records and those of libraries: columns for people, JSON for machines.

A record is a constant event name with facts as keywords. Lines go to standard error and, if one is set, to a log file;
each in one write, so that lines of several processes do not mix.
"""

import contextlib
import io
import json
import logging
import os
import textwrap
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from lib.log_outputs import Output
from lib.request_ids import add_request_id

_STANDARD_ERROR = 2

# Characters. A record may hold text that a client chose, which must neither flood the log, nor control a terminal, nor
# forge a line; a truncated text ends with its full length (A34).
_MAX_FACT = 512
_MAX_TRACEBACK = 16 * 1024

_Processors = list[structlog.types.Processor]

get_logger = structlog.get_logger


class WithoutAdvice(logging.Filter):
    """Drops the server's warnings about the numbers of threads and workers.

    It calls four threads on two processors "quite high", and two workers on one, because it assumes that they compute;
    ours wait for the database. Nobody reads a warning that comes at every start.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return true for any other record."""
        return not str(record.msg).startswith(_ADVICE)


_ADVICE = ("Configuration allows spawning up to ", "Configured number of workers appears to be higher ")
# Granian's records go to the root logger's handler like ours.
GRANIAN = {
    "formatters": {},
    "handlers": {},
    "filters": {"without advice": {"()": WithoutAdvice}},
    "loggers": {"_granian": {"handlers": [], "propagate": True, "filters": ["without advice"]}},
}


class Lines:
    """Writes lines to each of the open files, whatever characters they have."""

    def __init__(self, *descriptors: int) -> None:
        self._outputs = tuple(map(Output, descriptors))

    def msg(self, line: str) -> None:
        """Write a line, in one call."""
        encoded = (line + "\n").encode("utf-8", "backslashreplace")
        for output in self._outputs:
            # A full disk must not keep an event that was stored from being answered.
            with contextlib.suppress(OSError):
                if dropped := output.write(encoded):
                    get_logger().error("log lines dropped", lines=dropped, cause="their reader had stopped")

    debug = info = warning = error = critical = exception = log = msg


class LinesHandler(logging.Handler):
    """Writes the records of libraries to the same files."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        self._lines.msg(self.format(record))


def configure(level: str, log_format: str, log_file: str = "") -> None:
    """Set up the pipeline for structlog and for `logging`; `log_format` is "console" or "json"."""
    descriptors = [_STANDARD_ERROR]
    if log_file:
        # Never closed; opened for appending, so that workers do not overwrite each other's lines.
        descriptors.append(os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640))
    lines = Lines(*descriptors)
    shared = _shared()
    renderer = _renderer(log_format, colors=os.isatty(_STANDARD_ERROR) and not log_file)
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    handler = LinesHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)


def _escape(text: str) -> str:
    """Return a text on one line, cut to 512 characters, its unprintable characters escaped."""
    if len(text) > _MAX_FACT:
        return f"{_escape(text[:_MAX_FACT])}… ({len(text)} characters)"
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _escape_lines(text: str) -> str:
    """Return a text with each of its lines escaped; beyond 16 KiB, only its end."""
    lines = "\n".join(map(_escape, text.splitlines()))
    return lines if len(lines) <= _MAX_TRACEBACK else f"… {lines[-_MAX_TRACEBACK:]}"


def _escape_facts(_: object, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape the facts of a record; this is a processor for structlog."""
    for name, fact in record.items():
        if type(fact) is str:
            if len(fact) > _MAX_FACT or not fact.isprintable():
                record[name] = _escape_lines(fact) if name in _TRACEBACKS else _escape(fact)
        elif type(fact) not in _HARMLESS and name not in {"exc_info", "_record"} and len(repr(fact)) > _MAX_FACT:
            record[name] = _escape(repr(fact))
    return record


_TRACEBACKS = frozenset({"exception", "stack"})
_HARMLESS = frozenset({bool, int, float, type(None)})


def _shared() -> _Processors:
    return [
        add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


_encoder = json.JSONEncoder(default=repr)


def _render_json(_: object, __: str, record: MutableMapping[str, Any]) -> str:
    """Return a record as JSON, by an encoder that is made only once.

    Nearly every line is short and has no escapes: then it holds nothing harmful and needs no further check.
    """
    line = _encoder.encode(record)
    if len(line) <= _MAX_FACT and "\\" not in line:
        return line
    return _encoder.encode(_escape_facts(None, "", record))


def _plain_traceback(out: TextIO, exc_info: Any) -> None:  # noqa: ANN401  # structlog's form
    traceback = io.StringIO()
    structlog.dev.plain_traceback(traceback, exc_info)
    # Indented, because records are not: text that a client put into a message must not pass for a record.
    out.write(textwrap.indent(_escape_lines(traceback.getvalue()), "  ") + "\n")


def _renderer(log_format: str, *, colors: bool) -> _Processors:
    if log_format == "json":
        return [structlog.processors.format_exc_info, _render_json]
    return [_escape_facts, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=_plain_traceback)]
