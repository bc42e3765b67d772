"""How the commands of webhooks say what is refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from app.webhooks.addresses import WrongAddress
from app.webhooks.requests import (
    EndpointGone,
    NoSuchDelivery,
    NoSuchEndpoint,
    NotSigned,
    TooManyEndpoints,
    TooMuchToReplay,
)
from app.webhooks.secrets import NoWebhookKey
from lib.commands import Commands
from lib.hints import command

OPTIONS = {"topics": "topic", "codes": "code", "groups": "group"}
NEXT_STEP = {NoSuchEndpoint: "webhooks list", NoSuchDelivery: "webhooks deliveries"}


class WebhookCommands(Commands):
    """Commands that report each refusal in one line."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a refusal ends it with a line that says why."""
        try:
            return super().invoke(ctx)
        except (NoSuchEndpoint, NoSuchDelivery) as error:
            raise click.ClickException(f"{error}; to list what there is: {command(NEXT_STEP[type(error)])}") from None
        except (NoWebhookKey, TooManyEndpoints, NotSigned, EndpointGone, TooMuchToReplay) as error:
            raise click.ClickException(str(error)) from None
        except WrongAddress as error:
            raise click.ClickException("; ".join(fault_lines(error.errors))) from None


def fault_lines(faults: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Yield what is wrong with each option."""
    for name, found in faults.items():
        named = place or f"--{OPTIONS.get(name, name).replace('_', '-')}"
        if isinstance(found, Mapping):
            yield from fault_lines(found, "" if name == "filter" else named)
        else:
            yield f"{named}: {' '.join(found)}"
