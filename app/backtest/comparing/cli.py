"""The command `rules compare`."""

import json

import click
from flask.cli import with_appcontext

from app.backtest.cli import INSTEAD, JOBS, MOMENT, at_work, writable, write
from app.backtest.comparing import running
from app.backtest.comparing.domain import DEFAULT_LIMIT, MAX_LIMIT
from app.backtest.comparing.schemas import document
from app.backtest.comparing.tables import print_comparison
from app.backtest.domain import BacktestRefused, Scope
from app.backtest.tables import console
from app.rulebook.options import EDITION
from lib.caller import CallersPath


@click.command("compare")
@click.argument("edition", type=EDITION)
@click.option("--since", type=MOMENT, default=0, help="Only events from this t on.")
@click.option("--until", type=MOMENT, help="Only events before this t.")
@click.option(
    "--limit",
    type=click.IntRange(1, MAX_LIMIT),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="How many players are listed; totals are of all.",
)
@JOBS
@click.option(
    "--json", "json_file", type=CallersPath(), callback=writable, help=f"Also write the report as JSON; {INSTEAD}."
)
@with_appcontext
def compare(  # noqa: PLR0913, PLR0917  # click passes each option as an argument
    edition: int, since: int, until: int | None, limit: int, jobs: int, json_file: str | None
) -> None:
    """Compare what EDITION raised in the shadow with what the live edition raised at the same events.

    It reads the alerts that were stored, in one state of the database, and judges nothing again.
    """
    try:
        scope = Scope(since=since, until=until)
    except BacktestRefused as error:
        raise click.UsageError(str(error)) from None
    with at_work("comparing", jobs, noun="alert") as (run, cost):
        comparison = running.compare(run, edition, scope, limit, cost)
    if json_file:
        write(json_file, json.dumps(document(comparison), indent=1, ensure_ascii=False) + "\n")
    if json_file != "-":
        print_comparison(comparison, console())


ON_SHADOWS = (compare,)  # commands of the group `rules`
