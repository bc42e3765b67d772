"""Sets up the account of a one-time link, as a browser would, and checks what a browser is told.

`python e2e/first_sign_in.py LINK EVENTS KEY`, with a Python that has only the packages of the service. EVENTS is the
address of an instance that takes events and must have no console, KEY one of its keys. Ends with a traceback if
anything is not as promised.
"""

import re
import ssl
import sys
import time
from http.client import HTTPConnection, HTTPMessage, HTTPSConnection
from urllib.parse import urlencode, urlsplit

from pyotp import TOTP

PASSWORD = "correct horse battery"  # noqa: S105  # of nobody real
SECRET = re.compile(r"<code>((?:[A-Z2-7]{4} ?){8})</code>")
MAX_WAIT = 30  # seconds


def ask(url: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, HTTPMessage, str]:
    """Send a GET, or a form as a page of the same site would; return status, headers and text."""
    parts = urlsplit(url)
    assert parts.hostname
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile="/etc/nginx/tls/fullchain.pem")
        connection: HTTPConnection = HTTPSConnection(parts.hostname, parts.port, context=context, timeout=MAX_WAIT)
    else:
        connection = HTTPConnection(parts.hostname, parts.port, timeout=MAX_WAIT)
    if form is not None:
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"{parts.scheme}://{parts.netloc}"}
    connection.request("GET" if form is None else "POST", parts.path, urlencode(form) if form else None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text


def main(link: str, events: str, key: str) -> None:
    """Set the account up, open a page with the cookie, and look for the console where there must be none."""
    site = f"https://{urlsplit(link).netloc}"
    assert link.startswith(f"{site}/console/welcome/"), link
    status, headers, text = ask(f"{site}/console/login")
    assert (status, headers["Strict-Transport-Security"]) == (200, "max-age=31536000"), headers
    found = SECRET.search(ask(link)[2])
    assert found, "the page of the link shows the key of the codes"
    code = TOTP(found[1].replace(" ", "")).at(int(time.time()))
    status, headers, text = ask(link, form={"name": "Ann Smith", "password": PASSWORD, "code": code})
    assert status == 200, text
    cookie, *attributes = headers["Set-Cookie"].split("; ")
    assert cookie.startswith("__Host-session="), cookie
    assert set(attributes) == {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"}, attributes
    status, _, text = ask(f"{site}/console/admin", Cookie=cookie)
    assert (status, "Ann Smith" in text) == (200, True), text
    there = [ask(f"{events}/console/login", Authorization=f"Bearer {each}")[0] for each in ("none", key)]
    assert there == [401, 404], "an instance that takes events has no console"
    print("An admin has signed in.")


if __name__ == "__main__":
    main(*sys.argv[1:])
