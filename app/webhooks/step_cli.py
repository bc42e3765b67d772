"""The command `webhooks show`: an endpoint, and what was done to it."""

from collections.abc import Iterator

import click

from app.webhooks import controllers
from app.webhooks.cli import HEADINGS, ID, endpoint_row, made
from app.webhooks.delivery_cli import webhooks
from app.webhooks.domain import Endpoint
from app.webhooks.requests import NoSuchEndpoint, StepsQuery
from lib.commands import minute
from lib.keyset import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from lib.tables import print_table

__all__ = ["webhooks"]  # which has the other commands as well

STEP_HEADINGS = ("id", "at (UTC)", "step", "who", "note")


@webhooks.command("show")
@click.argument("endpoint_id", type=ID)
@click.option("--before", type=ID, help="Only steps with smaller ids: the next page.")
@click.option("--limit", type=click.IntRange(1, MAX_PAGE_SIZE), default=DEFAULT_PAGE_SIZE, show_default=True)
def show(endpoint_id: int, before: int | None, limit: int) -> None:
    """Show an endpoint and the steps that were taken with it, newest first; of a deleted one only the steps."""
    page = controllers.steps(made(), endpoint_id, StepsQuery(limit=limit, before=before))
    try:
        lines = [*_lines(controllers.endpoint(made(), endpoint_id))]
    except NoSuchEndpoint:
        lines = [f"Endpoint {endpoint_id} is deleted."]
    click.echo("\n".join(lines))
    click.echo()
    rows = ((str(each.id), f"{each.at:%Y-%m-%d %H:%M:%S}", each.step.value, each.who, each.note) for each in page.steps)
    print_table(STEP_HEADINGS, rows, prose=("note",))
    if page.next_before is not None:
        click.echo(f"There are more: add --before {page.next_before}")


def _lines(endpoint: Endpoint) -> Iterator[str]:
    shown = [*zip(HEADINGS, endpoint_row(endpoint), strict=True)]
    shown += [("made by", endpoint.made_by), ("made (UTC)", minute(endpoint.made_at))]
    shown += [("paused until (UTC)", minute(endpoint.hold_until))] if endpoint.hold_until else []
    if endpoint.previous_until:
        shown.append(("the secret before signs until (UTC)", minute(endpoint.previous_until)))
    return (f"{heading}: {value}" for heading, value in shown if value)
