"""How the commands of cases say what is refused."""

import click

from app.cases.refusals import CaseRefusal
from lib.commands import Commands


class CaseCommands(Commands):
    """Commands that report each refusal in one line."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a refusal ends it with a line that says why."""
        try:
            return super().invoke(ctx)
        except CaseRefusal as error:
            raise click.ClickException(str(error)) from None
