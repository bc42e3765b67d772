"""Commands and requests as they are typed where somebody reads of them.

Whoever starts the programs knows that place and says so by CLI_PREFIX: `bin/activity-alerts` in a checkout,
`sudo -u activity activity-alerts` on a host with systemd, `docker compose exec … flask` where they run in containers.
"""

import os

import click

PREFIX = "CLI_PREFIX"
PLAIN = "flask --app app"  # in a virtual environment, by hand


def prefix() -> str:
    """Return what stands before the words of a command at this place."""
    return os.environ.get(PREFIX, "").strip() or PLAIN


def command(words: str) -> str:
    """Return a command of the service as it is typed at this place; `words` such as "rules list"."""
    return f"{prefix()} {words}"


def curl(request: str, body: str = "") -> str:
    """Return a request such as "POST /rules" as a line for a shell, with the service and the key left to its reader."""
    method, _, path = request.partition(" ")
    told = f" -H 'Content-Type: application/json' -d '{body}'" if body else ""
    return f'curl -X {method} "$SERVICE{path}" -H "Authorization: Bearer $KEY"{told}'


def name_program() -> None:
    """Have the usage and the errors of this process's commands say how they are typed, if it does one."""
    if context := click.get_current_context(silent=True):
        context.find_root().info_name = prefix()
