"""The version is defined in one place and shown wherever somebody reporting a fault may look."""

import re
import tomllib
import urllib.request
from pathlib import Path

from flask.testing import FlaskClient

from tests.integration.conftest import AppWith
from tests.integration.servers import LONGEST, Serve, answered

VERSION = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_document_has_it(client: FlaskClient) -> None:
    assert client.get("/openapi.json").get_json()["info"]["version"] == VERSION


def test_a_command_prints_it_and_nothing_else(app_with: AppWith) -> None:
    assert app_with().test_cli_runner().invoke(args=["version"]).output == f"{VERSION}\n"


def test_a_metric_and_the_first_line_of_the_log_have_it_beside_the_kind_of_place(serve: Serve, port: int) -> None:
    server = serve(ENV="production", ACCESS="open", WEB_WORKERS="2")
    assert answered(port, 1)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=LONGEST) as answer:
        shown = answer.read().decode()
    server.terminate()
    _, output = server.communicate(timeout=LONGEST)
    samples = re.findall(r"^activity_service_info\{.*\} .*$", shown, re.MULTILINE)
    assert samples == [f'activity_service_info{{env="production",version="{VERSION}"}} 1.0']
    assert f'"version": "{VERSION}", "env": "production", "event": "starting"' in output.splitlines()[0]


def test_no_other_file_repeats_it_but_the_changelog_and_the_document_made_of_it() -> None:
    files = (path for folder in ("app", "lib", "deploy", "docs") for path in Path(folder).rglob("*") if path.is_file())
    repeating = {str(path) for path in files if VERSION.encode() in path.read_bytes()}
    assert repeating == {"docs/openapi.json"}


def test_the_changelog_has_a_place_for_what_changes_in_it() -> None:
    heading = "[Unreleased]" if ".dev" in VERSION else f"[{VERSION}] - "
    assert re.findall(r"^## (.*)$", Path("CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[0].startswith(
        heading
    )
