"""The commands of deliveries: `webhooks deliveries`, `webhooks retry`, `webhooks replay`."""

from collections.abc import Iterable, Sequence

import click

from app.webhooks import replaying
from app.webhooks.cli import ID, made, validated, webhooks
from app.webhooks.delivery_schemas import ReplaySchema
from app.webhooks.domain import Delivery, DeliveryState
from app.webhooks.requests import DeliveriesQuery, TriedDelivery
from lib.commands import minute
from lib.hints import command
from lib.keyset import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from lib.shell_user import shell_user
from lib.tables import print_table

__all__ = ["webhooks"]  # which has the commands of endpoints as well

HEADINGS = ("id", "endpoint", "message", "state", "attempts", "made (UTC)", "next or done (UTC)", "status", "error")
STATES = click.Choice([state.value for state in DeliveryState])


@webhooks.command("deliveries")
@click.option("--endpoint", "endpoint_id", type=ID, help="Only those to this endpoint.")
@click.option("--state", type=STATES, help="Only those in this state.")
@click.option("--before", type=ID, help="Only those with smaller ids: the next page.")
@click.option("--limit", type=click.IntRange(1, MAX_PAGE_SIZE), default=DEFAULT_PAGE_SIZE, show_default=True)
@click.option("--attempts", is_flag=True, help="Also list every attempt.")
def deliveries(  # click passes each option as an argument
    endpoint_id: int | None,
    state: str | None,
    before: int | None,
    limit: int,
    attempts: bool,  # noqa: FBT001  # as above
) -> None:
    """List the latest deliveries, newest first."""
    wanted = DeliveryState(state) if state else None
    page = replaying.deliveries(made(), DeliveriesQuery(limit=limit, before=before, endpoint=endpoint_id, state=wanted))
    if not page.deliveries:
        click.echo("There is no such delivery.")
        return
    print_table(HEADINGS, (_row(each.delivery) for each in page.deliveries), prose=("error",))
    if attempts:
        _print_attempts(page.deliveries)
    if page.next_before is not None:
        click.echo(f"There are more: add --before {page.next_before}")


def _row(each: Delivery) -> tuple[str, ...]:
    return (
        str(each.id),
        str(each.endpoint_id),
        each.message_id,
        each.state.value,
        str(each.attempts),
        minute(each.made_at),
        minute(each.done_at or each.next_at),
        "" if each.last_status is None else str(each.last_status),
        each.last_error,
    )


def _print_attempts(tried: Iterable[TriedDelivery]) -> None:
    rows = [
        (
            str(each.delivery.id),
            str(attempt.no),
            f"{attempt.at:%Y-%m-%d %H:%M:%S}",
            f"{attempt.seconds:.2f}",
            "" if attempt.status is None else str(attempt.status),
            attempt.error,
        )
        for each in tried
        for attempt in each.attempts
    ]
    click.echo()
    print_table(("delivery", "attempt", "at (UTC)", "seconds", "status", "error"), rows, prose=("error",))


@webhooks.command("retry")
@click.argument("delivery_id", type=ID)
def retry(delivery_id: int) -> None:
    """Make a delivery due now, whatever became of it."""
    retried = replaying.retry(made(), delivery_id, shell_user()).delivery
    click.echo(f"Delivery {retried.id} ({retried.message_id}) to endpoint {retried.endpoint_id} is due.")


@webhooks.command("replay")
@click.argument("endpoint_id", type=ID)
@click.option("--since", help="What was numbered in the feed at this moment or later: 2026-01-31T09:30:00Z.")
@click.option("--until", help="Only what was numbered before this moment.")
@click.option("--code", "codes", multiple=True, type=int, help="Only alerts of this code; may be repeated.")
@click.option("--dead", is_flag=True, help="Instead of the feed: what was given up.")
def replay(endpoint_id: int, since: str | None, until: str | None, codes: Sequence[int], *, dead: bool) -> None:
    """Deliver again what an endpoint missed: of the feed since a moment, or what was given up."""
    given = {"since": since, "until": until, "codes": [*codes], "dead": dead}
    query = validated(ReplaySchema(), {name: value for name, value in given.items() if value})
    due = replaying.replay(made(), endpoint_id, query, shell_user())
    click.echo(f"{due:,} {'message is' if due == 1 else 'messages are'} due to endpoint {endpoint_id}.")
    if due:
        click.echo(f"To watch them: {command(f'webhooks deliveries --endpoint {endpoint_id}')}")
