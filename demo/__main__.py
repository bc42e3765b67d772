"""`python -m demo fill | links`: fill the instance whose settings the environment has, or print ways into it."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from app.access.controllers import create_key
from app.access.domain import Scope
from app.access.services import AccessServices
from app.config import read_settings
from app.factory import create_app
from app.staff.addresses import link_address
from demo.filling import fill
from demo.site import DemoFailed, Site, this_site
from demo.staffing import links
from lib import services
from lib.hints import command, service_address
from lib.local import service
from lib.local.terminal import say, step

SECONDS = 60  # for a batch, on a busy machine


def main(arguments: Sequence[str]) -> int:
    """Do what is asked; return the exit status."""
    if arguments not in (["fill"], ["links"]):
        say("usage: python -m demo fill | links")
        return 2
    settings = replace(read_settings(), log_level="WARNING")  # the steps are told below, not in a log
    with create_app(settings).app_context():
        try:
            _fill() if arguments == ["fill"] else _print_links(this_site(_post))
        except DemoFailed as error:
            say(f"error: {error}")
            return 1
    return 0


def _post(path: str, body: str, *, key: str | None = None) -> tuple[int, str]:
    status, _, answer = service.request(service_address() + path, body, key=key, seconds=SECONDS)
    return status, answer


def _fill() -> None:
    began = time.process_time()
    # With a key of its own, so that it does not matter whether the service asks for one.
    key = create_key(services.get(AccessServices).database, "platform", [Scope.EVENTS_WRITE], None, who="demo")
    fill(this_site(partial(_post, key=key)), step, until=int(time.time()))
    say(f"({time.process_time() - began:.1f} s of them at work here)")


def _print_links(site: Site) -> None:
    print(f"Console    {site.staff.console_url}/console")
    for member, link in links(site):
        print(f"{member.roles[0].value.capitalize():<11}{link_address(site.staff.console_url, link)}")
    again = command(f"staff link {link.account.email}")
    print("           Each link signs in once, within an hour, without password and code;")
    print(f"           for new ones run the same again, or {again}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
