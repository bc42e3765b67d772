"""The version is defined in one place and shown wherever somebody reporting a fault may look."""

import re
import tomllib
import urllib.request
from pathlib import Path

from flask.testing import FlaskClient

from tests.integration.conftest import AppWith
from tests.integration.servers import MAX_WAIT, Serve, await_answer

VERSION = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_document_has_the_version(client: FlaskClient) -> None:
    assert client.get("/openapi.json").get_json()["info"]["version"] == VERSION


def test_a_command_prints_only_the_version(app_with: AppWith) -> None:
    assert app_with().test_cli_runner().invoke(args=["version"]).output == f"{VERSION}\n"


def test_a_metric_and_the_first_log_line_name_version_and_environment(serve: Serve, port: int) -> None:
    server = serve(ENV="production", ACCESS="open", WEB_WORKERS="2")
    await_answer(port, 1)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=MAX_WAIT) as answer:
        shown = answer.read().decode()
    server.terminate()
    _, output = server.communicate(timeout=MAX_WAIT)
    samples = re.findall(r"^activity_service_info\{.*\} .*$", shown, re.MULTILINE)
    assert samples == [f'activity_service_info{{env="production",version="{VERSION}"}} 1.0']
    assert f'"version": "{VERSION}", "env": "production", "event": "starting"' in output.splitlines()[0]


def test_only_changelog_and_document_repeat_the_version() -> None:
    files = (path for folder in ("app", "lib", "deploy", "docs") for path in Path(folder).rglob("*") if path.is_file())
    repeating = {str(path) for path in files if VERSION.encode() in path.read_bytes()}
    assert repeating == {"docs/openapi.json"}


def test_the_changelog_has_a_section_for_the_version() -> None:
    heading = "[Unreleased]" if ".dev" in VERSION else f"[{VERSION}] - "
    assert re.findall(r"^## (.*)$", Path("CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[0].startswith(
        heading
    )
