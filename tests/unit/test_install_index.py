"""Where packages come from: pip's settings, passed on to uv."""

import pytest

from lib.install.index import effective_settings, uv_options
from lib.install.steps import clean_environment

EVERYWHERE = ["--index-strategy", "unsafe-best-match"]


def test_the_setting_of_highest_precedence_wins() -> None:
    lines = ["global.index-url='https://a'", ":env:.index-url='https://c'", "install.index-url='https://b'"]
    assert effective_settings(lines) == {"index-url": "https://c"}
    assert effective_settings([lines[0], lines[2]]) == {"index-url": "https://b"}


@pytest.mark.parametrize("line", ["list.format='json'", "", "nonsense"])
def test_settings_of_other_commands_do_not_count(line: str) -> None:
    assert effective_settings([line]) == {}


def test_without_settings_uv_uses_its_default_index() -> None:
    assert uv_options({}) == EVERYWHERE


def test_each_of_several_values_is_passed() -> None:
    settings = {"index-url": "https://a", "extra-index-url": "https://b\nhttps://c", "find-links": "/wheels"}
    assert uv_options(settings) == [
        *("--default-index", "https://a", "--index", "https://b", "--index", "https://c"),
        *("--find-links", "/wheels", *EVERYWHERE),
    ]


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("true", True), ("0", False), ("false", False)])
def test_no_index_is_a_boolean(value: str, expected: bool) -> None:  # noqa: FBT001 - a row of a table
    assert ("--no-index" in uv_options({"no-index": value})) is expected


@pytest.mark.parametrize("name", ["PIP_TARGET", "PIP_USER", "PYTHONPATH", "UV_CONSTRAINT", "UV_NO_VERIFY_HASHES"])
def test_settings_that_redirect_the_installation_are_dropped(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "somewhere")
    assert name not in clean_environment()


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "HTTPS_PROXY", "SSL_CERT_FILE", "UV_CACHE_DIR", "UV_HTTP_TIMEOUT"])
def test_the_user_decides_how_the_index_is_reached(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "so")
    assert clean_environment()[name] == "so"
