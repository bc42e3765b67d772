"""No answer depends on the client's Host header: neither a redirect nor its text.

The name is among `HOSTS`: any other is refused before a path is looked at.
"""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.integration.conftest import AppWith

EVIL = "evil.example"

pytestmark = pytest.mark.settings(hosts=frozenset({EVIL}))
TWISTS = ("/{0}", "//{0}", "//{0}/", "/{0}/", "/{0}//", "///{0}", "/x/../{0}", "/%2f{0}", "//evil.example/{0}")


def ask(client: FlaskClient, path: str, method: str) -> TestResponse:
    """Request exactly this path; the client would take the start of //x/ for a host name."""
    headers = {"Host": EVIL, "Accept": "text/html"}
    return client.open("/", method=method, headers=headers, environ_overrides={"PATH_INFO": path})


def paths_of(app_with: AppWith) -> list[str]:
    return sorted({re.sub("<.*?>", "1", rule.rule).strip("/") for rule in app_with().url_map.iter_rules()})


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "DELETE"])
def test_no_path_redirects_to_another_host(app_with: AppWith, client: FlaskClient, method: str) -> None:
    """Before, `/users//1` led to http://evil.example/users/1, also where its client spoke TLS."""
    for path in paths_of(app_with):
        for twist in TWISTS:
            answer = ask(client, twist.format(path), method)
            led = answer.headers.get("Location", "/")
            assert re.match("/(?![/\\\\])", led + "."), (path, led)
            assert EVIL not in str(answer.headers)
            assert "http://evil" not in answer.text


def test_the_redirect_to_the_start_is_a_path(client: FlaskClient) -> None:
    answer = client.get("/", headers={"Host": EVIL, "Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/console")


@pytest.mark.parametrize("path", ["/users//1", "/health//live", "/docs//", "/event//"])
def test_an_extra_slash_is_not_found(client: FlaskClient, path: str) -> None:
    assert ask(client, path, "POST").status_code == 404


def test_only_health_answers_under_an_unknown_name(app_with: AppWith, client: FlaskClient) -> None:
    """A39, for every route there is."""
    for number, path in enumerate(paths_of(app_with)):
        seen = {"PATH_INFO": f"/{path}", "REMOTE_ADDR": f"127.0.0.{number + 2}"}
        answer = client.get("/", headers={"Host": "other.example"}, environ_overrides=seen)
        assert (answer.status_code == 403) != path.startswith("health/"), path
