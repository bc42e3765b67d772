"""What an import came to, on the terminal."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from app.backtest.reports import plural
from app.backtest.tables import print_findings, print_report
from app.intake.domain import Fault
from app.intake.under_way import Outcome
from lib.hints import command


def print_outcome(outcome: Outcome, out: Console, *, again: str, file: str | None) -> None:
    """Print an outcome; `again` are the words of the command, `file` where its faults were written."""
    _print(_lines(outcome, file), out)
    if outcome.report:
        print_report(outcome.report, out)
    if outcome.findings:
        print_findings(outcome.findings, out)
    _print(_todo(outcome, again, file), out)


def _print(lines: Iterable[str], out: Console) -> None:
    for line in lines:
        out.print(Text(line), soft_wrap=True)


def _lines(outcome: Outcome, file: str | None) -> Iterator[str]:
    yield from map(_fault_line, outcome.first_faults)
    if (more := outcome.faults - len(outcome.first_faults)) > 0:
        yield f"… and {plural(more, 'line')} more."
    if outcome.faults and file not in {None, "-"}:
        yield f"The lines with faults and their reasons: {file}"
    yield " ".join(_summary(outcome))
    if outcome.new_players:
        yield f"{plural(outcome.new_players, 'new player')} got a number."


def _fault_line(fault: Fault) -> str:
    return f"line {fault.line}, {fault.field}: {fault.reason}" if fault.field else f"line {fault.line} {fault.reason}"


def _summary(outcome: Outcome) -> Sequence[str]:
    job = outcome.job
    verb = "would be imported" if outcome.report else "imported"
    said = [f"{plural(job.lines, 'line')}: {job.imported:,} {verb}"]
    if outcome.replays:
        said.append(f"{outcome.replays:,} stored already")
    if job.ignored:
        said.append(f"{job.ignored:,} of a type that is left out")
    if outcome.faults:
        said.append(f"{outcome.faults:,} with faults")
    return [", ".join(said) + "."]


def _todo(outcome: Outcome, again: str, file: str | None) -> Iterator[str]:
    if not outcome.refused:
        if outcome.report:
            yield f"To import it: {command(again.replace(' --dry-run', ''))}"
        return
    done = "Nothing was imported." if not outcome.job.imported or outcome.report else "The rest was imported."
    seen = "" if file else f"; see all of them: {command(f'{again} --faults faults.csv')}"
    yield (
        f"{done} Correct the file{seen}, or leave these lines out: {command(f'{again} --max-faults {outcome.faults}')}"
    )
