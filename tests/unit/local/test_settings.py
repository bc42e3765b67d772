"""settings: which values are accepted, and where they are read from."""

from pathlib import Path

import pytest

from lib.local.settings import read_settings
from lib.local.terminal import LocalError


def test_the_defaults_are_port_5000_on_this_machine_and_a_private_database(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, {"PORT": "", "HOST": "", "DATABASE_URL": ""})
    assert (settings.address, settings.database_url) == ("http://127.0.0.1:5000", None)


def test_the_environment_takes_precedence_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1111\nDATABASE_URL=postgresql://a/b\nEMPTY\n")
    settings = read_settings(tmp_path, {"PORT": "2222"})
    assert (settings.port, settings.database_url) == (2222, "postgresql://a/b")
    assert settings.environment["EMPTY"] == ""


@pytest.mark.parametrize("port", ["1", "65535"])
def test_the_smallest_and_the_greatest_port_are_accepted(tmp_path: Path, port: str) -> None:
    assert read_settings(tmp_path, {"PORT": port}).port == int(port)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "5000.0", "\u0665"])
def test_a_port_out_of_range_or_not_a_number_is_refused(tmp_path: Path, port: str) -> None:
    with pytest.raises(LocalError, match=f"PORT={port} is not a port"):
        read_settings(tmp_path, {"PORT": port})


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:5000"), ("::", "http://[::1]:5000"), ("localhost", "http://localhost:5000")],  # noqa: S104
)
def test_the_address_is_one_that_a_client_can_reach(tmp_path: Path, host: str, address: str) -> None:
    assert read_settings(tmp_path, {"HOST": host}).address == address


def test_a_dotenv_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PASSWORD=\xe9\n")
    with pytest.raises(LocalError, match=r"\.env is not written in UTF-8"):
        read_settings(tmp_path, {})
