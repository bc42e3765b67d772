"""The lines that were not imported, as a file with the reason of each."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import click

from app.backtest import files
from app.intake.domain import Fault
from app.intake.job_queries import JobQueries
from lib.record_files import RecordFile

HEADER = ("line", "field", "reason", "text")


def write_faults(place: str, file: Path, digest: str, faults: Iterator[Fault]) -> None:
    """Write the lines with their reasons, "-": to standard output, a pipe or a device: into it; raises `OSError`."""
    lines = _csv_lines(_with_text(file, digest, faults))
    if place == "-":
        for line in lines:
            click.echo(line, nl=False)
        return
    target = files.target_of(Path(place))
    if files.is_special(target):
        with target.open("w", encoding="utf-8") as special:
            special.writelines(lines)
    else:
        files.replace(target, lines)


def faults_of(queries: JobQueries, job: int) -> Iterator[Fault]:
    """Yield all faults of an import, by line."""
    after = 0
    while faults := queries.faults(job, after):
        yield from faults
        after = faults[-1].line


def _with_text(path: Path, digest: str, faults: Iterator[Fault]) -> Iterator[Fault]:
    """Look the lines without text up in the file, which is read once more."""
    with RecordFile(path) as file:
        records = file.records() if file.digest == digest else iter(())
        for fault in faults:
            if not fault.text:
                found = next((record.text for record in records if record.line >= fault.line), "")
                yield fault._replace(text=found.rstrip("\r\n"))
            else:
                yield fault


def _csv_lines(faults: Iterator[Fault]) -> Iterator[str]:
    yield _csv_line(HEADER)
    for fault in faults:
        yield _csv_line(fault)


def _csv_line(values: tuple[object, ...]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
