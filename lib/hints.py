"""Spells commands and requests in messages exactly as the reader has to type them.

The program that starts this one sets CLI_PREFIX: `bin/activity-alerts` in a checkout,
`sudo -u activity activity-alerts` on a host with systemd, `docker compose exec … flask` for containers.
"""

import os

import click

PREFIX = "CLI_PREFIX"
ADDRESS = "SERVICE_ADDRESS"  # set by the program that starts this one, if it knows where the service listens
PLAIN = "flask --app app"  # in a virtual environment, by hand


def prefix() -> str:
    """Return the text that precedes the words of a command."""
    return os.environ.get(PREFIX, "").strip() or PLAIN


def command(words: str) -> str:
    """Return a command of the service as it has to be typed; `words` are such as "rules list"."""
    return f"{prefix()} {words}"


def service_address() -> str:
    """Return the base URL of the service that runs, "" if it is not known."""
    return os.environ.get(ADDRESS, "").strip().rstrip("/")


def curl(request: str, body: str = "") -> str:
    """Return a line of shell for a request such as "POST /rules"; its reader has to set $SERVICE and $KEY."""
    method, _, path = request.partition(" ")
    data = f" -H 'Content-Type: application/json' -d '{body}'" if body else ""
    return f'curl -X {method} "$SERVICE{path}" -H "Authorization: Bearer $KEY"{data}'


def name_program() -> None:
    """If this process runs a command, make its usage and errors name the program as it has to be typed."""
    if context := click.get_current_context(silent=True):
        context.find_root().info_name = prefix()
