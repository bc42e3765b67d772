"""The commands of endpoints: `webhooks …`."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click
from marshmallow import Schema, ValidationError

from app.webhooks import controllers
from app.webhooks.domain import Endpoint, Filter, Format, State
from app.webhooks.messages import Verdict
from app.webhooks.requests import EndpointSecret, EndpointUpdate, NewEndpoint
from app.webhooks.schemas import EndpointUpdateSchema, NewEndpointSchema
from app.webhooks.services import WebhookServices
from app.webhooks.terminal import WebhookCommands, fault_lines
from lib import services
from lib.commands import minute
from lib.hints import command
from lib.shell_user import shell_user
from lib.tables import print_table

ID = click.IntRange(1, 2**63 - 1)
FORMATS = click.Choice([form.value for form in Format])
HEADINGS = ("id", "name", "state", "format", "address", "told of", "a second", "failing since (UTC)", "reason")

webhooks = WebhookCommands("webhooks", help="Who is told of alerts, and what became of that.")

Command = Callable[..., None]


def filter_options(command: Command) -> Command:
    """Add the options of a filter; the command gets its members as `chosen`, empty if none was given."""

    @wraps(command)
    def with_filter(  # click passes each option as an argument
        *arguments: object,
        topics: Sequence[str],
        codes: Sequence[int],
        strength: str | None,
        groups: Sequence[str],
        only_fresh: bool | None,
        **named: object,
    ) -> None:
        given = {"topics": [*topics], "codes": [*codes], "strength": strength, "groups": [*groups]}
        chosen = {name: value for name, value in given.items() if value}
        command(*arguments, chosen=chosen | ({} if only_fresh is None else {"only_fresh": only_fresh}), **named)

    for option in (
        click.option(
            "--only-fresh/--repeats", default=None, help="Without, or with, alerts that repeat the one before."
        ),
        click.option("--group", "groups", multiple=True, help="Only players in this group; may be repeated."),
        click.option("--strength", help="Only alerts of this strength: normal or strong."),
        click.option("--code", "codes", multiple=True, type=int, help="Only alerts of this code; may be repeated."),
        click.option("--topic", "topics", multiple=True, help="Only messages of this type, such as alert.raised."),
    ):
        with_filter = option(with_filter)
    return with_filter


@webhooks.command("list")
def list_() -> None:
    """List the endpoints."""
    found = controllers.endpoints(made())
    if not found:
        example = command("webhooks add --name cases --url https://hooks.example.com/alerts")
        click.echo(f"There is no endpoint yet: {example}")
        return
    print_table(HEADINGS, map(endpoint_row, found), prose=("name", "told of", "reason"))


def endpoint_row(each: Endpoint) -> tuple[str, ...]:
    """Return what a list shows of an endpoint, under HEADINGS."""
    return (
        str(each.id),
        each.name,
        each.state.value,
        each.format.value,
        each.url,
        words(each.filter),
        str(each.per_second),
        minute(each.failing_since) if each.failing_since else "",
        each.reason,
    )


def words(chosen: Filter) -> str:
    """Return in words what a filter lets pass."""
    parts = [" ".join(topic.value for topic in chosen.topics)]
    parts += [f"codes {' '.join(map(str, chosen.codes))}"] if chosen.codes else []
    parts += [f"strength {chosen.strength.value}"] if chosen.strength else []
    parts += [f"groups {' '.join(chosen.groups)}"] if chosen.groups else []
    parts += ["only fresh"] if chosen.only_fresh else []
    return ", ".join(filter(None, parts)) or "everything"


@webhooks.command("add")
@click.option("--name", required=True, help="What people call it: 1 to 100 characters.")
@click.option("--url", required=True, help="https://… that is told; for the format email mailto: and one address.")
@click.option(
    "--format", "form", type=FORMATS, default=Format.STANDARD.value, show_default=True, help="How it is told."
)
@click.option("--per-second", type=int, help="How many messages a second at most.  [default: 10]")
@filter_options
def add(name: str, url: str, form: str, per_second: int | None, chosen: dict[str, Any]) -> None:
    """Create an endpoint; print its secret, which verifies its messages."""
    rate = {} if per_second is None else {"per_second": per_second}
    new: NewEndpoint = validated(
        NewEndpointSchema(), {"name": name, "url": url, "format": form, "filter": chosen, **rate}
    )
    created = controllers.create(made(), new, shell_user())
    click.echo(f"Endpoint {created.endpoint.id} ({new.name}) is told of {words(new.filter)}.", err=True)
    click.echo(f"Try it: {command(f'webhooks test {created.endpoint.id}')}", err=True)
    _print_secret(created)


def _print_secret(shown: EndpointSecret) -> None:
    # Only the secret goes to standard output, so that a program can read it.
    if shown.secret is None:
        click.echo("Messages of this format are not signed, so it has no secret.", err=True)
    else:
        click.echo("The secret that verifies its messages:", err=True)
        click.echo(shown.secret)


@webhooks.command("change")
@click.argument("endpoint_id", type=ID)
@click.option("--name", help="What people call it: 1 to 100 characters.")
@click.option("--url", help="The address that is told.")
@click.option("--per-second", type=int, help="How many messages a second at most.")
@click.option("--all", "everything", is_flag=True, help="Tell it of everything from now on.")
@filter_options
def change(  # noqa: PLR0913, PLR0917  # click passes each option as an argument
    endpoint_id: int,
    name: str | None,
    url: str | None,
    per_second: int | None,
    everything: bool,  # noqa: FBT001  # as above
    chosen: dict[str, Any],
) -> None:
    """Change an endpoint; what is not given stays. Options of the filter replace the whole filter."""
    if chosen and everything:
        raise click.UsageError("give --all or options of the filter, not both")
    given = {"name": name, "url": url, "per_second": per_second, "filter": chosen or None}
    given = {member: value for member, value in given.items() if value is not None}
    given |= {"filter": {}} if everything else {}
    if not given:
        raise click.UsageError("give what changes: --name, --url, --per-second, --all or options of the filter")
    _show(controllers.change(made(), endpoint_id, validated(EndpointUpdateSchema(), given), shell_user()))


@webhooks.command("pause")
@click.argument("endpoint_id", type=ID)
def pause(endpoint_id: int) -> None:
    """Tell an endpoint nothing for now; what is due to it waits."""
    _show(controllers.change(made(), endpoint_id, EndpointUpdate(state=State.PAUSED), shell_user()))


@webhooks.command("enable")
@click.argument("endpoint_id", type=ID)
def enable(endpoint_id: int) -> None:
    """Tell a paused or disabled endpoint again, first of all what waits."""
    _show(controllers.change(made(), endpoint_id, EndpointUpdate(state=State.ENABLED), shell_user()))


def _show(endpoint: Endpoint) -> None:
    click.echo(f"Endpoint {endpoint.id} ({endpoint.name}) is {endpoint.state.value}: {words(endpoint.filter)}.")


@webhooks.command("delete")
@click.argument("endpoint_id", type=ID)
def delete(endpoint_id: int) -> None:
    """Delete an endpoint; what is due to it is dropped."""
    controllers.delete(made(), endpoint_id, shell_user())
    click.echo(f"Endpoint {endpoint_id} is deleted.")


@webhooks.command("rotate")
@click.argument("endpoint_id", type=ID)
def rotate(endpoint_id: int) -> None:
    """Replace the secret of an endpoint and print it; the one before signs as well for 24 hours."""
    rotated = controllers.rotate(made(), endpoint_id, shell_user())
    click.echo(f"Until {minute(rotated.endpoint.previous_until)} UTC both secrets sign; change the receiver.", err=True)
    _print_secret(rotated)


@webhooks.command("secret")
@click.argument("endpoint_id", type=ID)
def secret(endpoint_id: int) -> None:
    """Print the secret of an endpoint again; over HTTP that is not possible."""
    click.echo(controllers.secret(made(), endpoint_id))


@webhooks.command("test")
@click.argument("endpoint_id", type=ID)
@click.pass_context
def test(context: click.Context, endpoint_id: int) -> None:
    """Send a test message to an endpoint now, and show the answer; the exit status is 1 if it was not taken."""
    outcome = controllers.send_test(made(), endpoint_id)
    is_taken = outcome.verdict is Verdict.DELIVERED
    status = "" if outcome.status is None else f", status {outcome.status}"
    click.echo(f"{'Delivered' if is_taken else 'Not delivered'} in {outcome.seconds:.2f} s{status}.")
    for line in filter(None, (outcome.text and f"Answer: {outcome.text}", outcome.error and f"Error: {outcome.error}")):
        click.echo(line)
    if not is_taken:
        context.exit(1)


def validated(schema: Schema, given: dict[str, Any]) -> Any:  # noqa: ANN401  # what the schema makes
    """Return the value, validated as by the API; a fault ends the command with a line for each option."""
    try:
        return schema.load(given)
    except ValidationError as error:
        messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
        raise click.ClickException("\n  ".join(["this is refused:", *fault_lines(messages)])) from None


def made() -> WebhookServices:
    """Return what the commands need."""
    return services.get(WebhookServices)
