"""One pipeline of structlog for our records and those of libraries: columns for people, JSON for machines.

A record is an event name that never changes, with the facts as keywords. Lines go to standard error, and also to
a file when one is named; each in one write, so that those of several processes do not mix.
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

from lib.request_ids import add_request_id

STANDARD_ERROR = 2

# Characters. A record may carry what somebody else chose: neither may it be long, nor may it steer a terminal or begin
# a line of its own. What is left out is told (A34).
LONGEST_FACT = 512
LONGEST_TRACEBACK = 16 * 1024

Processors = list[structlog.types.Processor]

get_logger = structlog.get_logger


class WithoutAdvice(logging.Filter):
    """Leaves out what the server advises about the sizes that it was given.

    On a machine with two processors it finds four threads "quite high", and on one with one two workers: it takes them
    for threads that compute, but these wait for the database. A warning at each start is one that nobody reads.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is anything else."""
        return not str(record.msg).startswith(ADVICE)


ADVICE = ("Configuration allows spawning up to ", "Configured number of workers appears to be higher ")
# Granian's own records join ours: no handler of its own, up to the root's.
GRANIAN = {
    "formatters": {},
    "handlers": {},
    "filters": {"without advice": {"()": WithoutAdvice}},
    "loggers": {"_granian": {"handlers": [], "propagate": True, "filters": ["without advice"]}},
}


class Lines:
    """Where lines go: to each of the open files, whatever characters are in them."""

    def __init__(self, *descriptors: int) -> None:
        self._descriptors = descriptors

    def msg(self, line: str) -> None:
        """Write one line, whole."""
        written = (line + "\n").encode("utf-8", "backslashreplace")
        for descriptor in self._descriptors:
            # An event that was stored must be answered, whatever became of the disk with the log.
            with contextlib.suppress(OSError):
                os.write(descriptor, written)

    debug = info = warning = error = critical = exception = log = msg


class LinesHandler(logging.Handler):
    """Brings the records of libraries to the same lines."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        self._lines.msg(self.format(record))


def configure(level: str, log_format: str, log_file: str = "") -> None:
    """Set up both kinds of records; `log_format` is "console" or "json"."""
    descriptors = [STANDARD_ERROR]
    if log_file:
        # Open as long as the process; appending, so that the workers' lines come one after the other.
        descriptors.append(os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640))
    lines = Lines(*descriptors)
    shared = _shared()
    renderer = _renderer(log_format, colors=os.isatty(STANDARD_ERROR) and not log_file)
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


def harmless(text: str, longest: int = LONGEST_FACT) -> str:
    """Return a text with all that cannot be printed escaped, on one line, and no more of it than that."""
    if len(text) > longest:
        return f"{harmless(text[:longest])}… ({len(text)} characters)"
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def harmless_traceback(text: str) -> str:
    """Return a text of several lines, each harmless; of very many, the last."""
    lines = "\n".join(map(harmless, text.splitlines()))
    return lines if len(lines) <= LONGEST_TRACEBACK else f"… {lines[-LONGEST_TRACEBACK:]}"


def make_harmless(_: object, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make the facts of a record harmless, as a processor of structlog's; a traceback has its own bounds."""
    for name, fact in record.items():
        if type(fact) is str:
            if len(fact) > LONGEST_FACT or not fact.isprintable():
                record[name] = harmless_traceback(fact) if name in TRACEBACKS else harmless(fact)
        elif type(fact) not in HARMLESS and name not in {"exc_info", "_record"} and len(repr(fact)) > LONGEST_FACT:
            record[name] = harmless(repr(fact))
    return record


TRACEBACKS = frozenset({"exception", "stack"})
HARMLESS = frozenset({bool, int, float, type(None)})


def _shared() -> Processors:
    return [
        add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


_encoder = json.JSONEncoder(default=repr)


def _written(_: object, __: str, record: MutableMapping[str, Any]) -> str:
    """Write a record as JSON, with an encoder that is made once.

    A line that is short and has nothing escaped holds nothing harmful; nearly all are so, and are looked at no further.
    """
    line = _encoder.encode(record)
    if len(line) <= LONGEST_FACT and "\\" not in line:
        return line
    return _encoder.encode(make_harmless(None, "", record))


def _plain_traceback(out: TextIO, exc_info: Any) -> None:  # noqa: ANN401  # structlog's form
    written = io.StringIO()
    structlog.dev.plain_traceback(written, exc_info)
    # Further in than a record begins: what somebody else put into a message must not pass for one.
    out.write(textwrap.indent(harmless_traceback(written.getvalue()), "  ") + "\n")


def _renderer(log_format: str, *, colors: bool) -> Processors:
    if log_format == "json":
        return [structlog.processors.format_exc_info, _written]
    return [make_harmless, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=_plain_traceback)]
