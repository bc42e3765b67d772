"""database_address on real servers: one that answers, one that refuses, none."""

from pathlib import Path

import pytest

from lib.local.database_address import try_connection
from lib.local.ports import saved_port
from lib.local.postgres import temporary_cluster
from lib.local.terminal import LocalError


def test_a_database_that_answers_passes_and_a_missing_one_is_named() -> None:
    with temporary_cluster(settings={"fsync": "off"}) as url:
        try_connection(url)
        with pytest.raises(
            LocalError, match=r'port \d+ failed: FATAL:  database "no" does not exist: start that'
        ) as refused:
            try_connection(f"{url.rpartition('/')[0]}/no")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("form", ["u:hush@127.0.0.1:{}/d", "u@/d?host=127.0.0.1&port={}&password=hush"])
def test_a_server_that_cannot_be_reached_is_named_without_the_password(form: str, tmp_path: Path) -> None:
    port = saved_port(tmp_path / "port")
    with pytest.raises(LocalError) as refused:
        try_connection(f"postgresql://{form.format(port)}")
    said = str(refused.value)
    assert said == (
        f'DATABASE_URL: connection to server at "127.0.0.1", port {port} failed: Connection refused: '
        "start that server or correct the address, or unset DATABASE_URL"
    )


def test_a_parameter_that_postgresql_does_not_take_is_reported_without_quoting_it() -> None:
    with pytest.raises(LocalError, match="a parameter that PostgreSQL does not take") as refused:
        try_connection("postgresql://127.0.0.1/d?hush=1")
    assert "hush" not in str(refused.value)
