"""The service under test: whether it answers, is this service, and may store what the tests send."""

import os
import re

import httpx

from testkit.service import URL, connect

ANYWAY = "E2E_ANYWAY"
STORED = "some 27,000 events of 3,000 users, and users and editions besides"
NO_URL = f"""\
no service is named: `make e2e` starts one of its own. E2E_URL=http://127.0.0.1:5000 before it names another, in which \
{STORED} are stored for good."""
KIND = re.compile(r'^activity_service_info\{.*\benv="(\w+)"', re.MULTILINE)


def unusable_reason() -> str | None:
    """Say in a line why the tests cannot start, and what to do."""
    if not URL:
        return NO_URL
    with connect() as client:
        try:
            status = client.get("/event").status_code
            return _not_ours(status) or _not_for_tests(client)
        except httpx.TransportError as error:
            return f"The service does not answer at {URL} ({type(error).__name__}): make start first."
        except AssertionError as error:
            return f"The service at {URL} is up but not well ({error}): look at make logs."


def _not_ours(status: int) -> str | None:
    """Something else may listen there: on a Mac, AirPlay has port 5000."""
    if status == httpx.codes.UNAUTHORIZED:
        return f"The service at {URL} asks for keys, and the tests send none: start it with ACCESS=open."
    if status != httpx.codes.METHOD_NOT_ALLOWED:
        return f"What answers at {URL} is not this service (GET /event is {status}): make start first."
    return None


def _not_for_tests(client: httpx.Client) -> str | None:
    """Require that the service says it is in development; an address proves nothing, as it may be a tunnel's."""
    if os.environ.get(ANYWAY) == "true":
        return None
    shown = KIND.search(client.get("/metrics").text)
    kind = shown[1] if shown else None
    if kind == "development":
        return None
    return (
        f"The service at {URL} {f'is in {kind}' if kind else 'does not say that it is in development'}, and the tests "
        f"would store {STORED}, for good. If that is what you want: make e2e E2E_URL={URL} {ANYWAY}=true"
    )
