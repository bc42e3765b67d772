"""`python -m lib.probe /health/ready`: does the service on this machine answer 200 there?

It serves where there is no other HTTP client: the health check of a container, a script that restarts one instance
after the other. It asks the address in HOST and PORT. It exits with status 0, or with 1 and a line that says what it
found instead.
"""

import argparse
import http.client
import os
import sys
import time
from collections.abc import Sequence

TIMEOUT = 2  # seconds for one answer
PAUSE = 0.2  # seconds between two requests
LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # not to listen there


def fault(host: str, port: int, path: str) -> str:
    """Return what is wrong: the answer's status and body, or why there is no answer; an empty text for a 200."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"no answer from {host} port {port}: {error}"
    finally:
        connection.close()
    return "" if answer.status == http.HTTPStatus.OK else f"{answer.status} {body}"


def fault_after(seconds: float, host: str, port: int, path: str) -> str:
    """Ask at least once, and again until nothing is wrong or the time is over; return what is wrong then."""
    deadline = time.monotonic() + seconds
    while (wrong := fault(host, port, path)) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return wrong


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and exit with the result."""
    parser = argparse.ArgumentParser(prog="python -m lib.probe", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path")
    parser.add_argument("--within", type=float, default=0, metavar="SECONDS", help="retry for so long")
    options = parser.parse_args(arguments)
    host, port = os.environ.get("HOST", ""), int(os.environ.get("PORT", "5000"))
    sys.exit(fault_after(options.within, LOOPBACK.get(host, host), port, options.path) or 0)


if __name__ == "__main__":
    main()
