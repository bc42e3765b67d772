"""`python -m lib.probe /health/ready`: does the service on this machine answer 200 there?

For whoever watches it where there is no other client of HTTP: the health check of a container, a script that
restarts one instance after the other. Asks where HOST and PORT say that it listens. Ends with status 0, or with 1
and a line that says what it found instead.
"""

import argparse
import http.client
import os
import sys
import time
from collections.abc import Sequence

PATIENCE = 2  # seconds that one answer may take
PAUSE = 0.2  # seconds between two looks
LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # not to listen there


def found(host: str, port: int, path: str) -> str:
    """Return what is wrong with the answer: its status and body, or why there is none; nothing where it is a 200."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"no answer from {host} port {port}: {error}"
    finally:
        connection.close()
    return "" if answer.status == http.HTTPStatus.OK else f"{answer.status} {body}"


def found_within(seconds: float, host: str, port: int, path: str) -> str:
    """Look until nothing is wrong any more, or the time is over; at least once."""
    deadline = time.monotonic() + seconds
    while (wrong := found(host, port, path)) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return wrong


def main(arguments: Sequence[str] | None = None) -> None:
    """Look, and end with what was found."""
    parser = argparse.ArgumentParser(prog="python -m lib.probe", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path")
    parser.add_argument("--within", type=float, default=0, metavar="SECONDS", help="look until then")
    asked = parser.parse_args(arguments)
    host = os.environ.get("HOST", "")
    sys.exit(found_within(asked.within, LOOPBACK.get(host, host), int(os.environ.get("PORT", "5000")), asked.path) or 0)


if __name__ == "__main__":
    main()
