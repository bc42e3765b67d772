"""TLS to PostgreSQL and Redis, with authorities of the tests: only the right server under the right name is used."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import flask_migrate
import psycopg2
import pytest
from apiflask import APIFlask
from limits.storage import storage_from_string

from app.datastores import db
from app.factory import create_app
from lib.database_url import read_address
from lib.local.account import Account, account_for, chown, run_as
from lib.local.binaries import system_folders
from testkit.ports import free_port
from tests.integration.certificate_authorities import Authority, Certified, new_authority
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import run_sql
from tests.integration.servers import MAX_WAIT
from tests.integration.wiring import wiring
from tests.settings import settings_with

TLS = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
REDIS = shutil.which("redis-server")


def has_tls(folder: Path) -> bool:
    asked = subprocess.run([folder / "pg_config", "--configure"], capture_output=True, text=True, check=False)  # noqa: S603
    return "openssl" in asked.stdout


def programs_with_tls() -> Path | None:
    """Find a PostgreSQL that was built with TLS; the one of the package is not."""
    return next((each for each in system_folders() if (each / "pg_config").exists() and has_tls(each)), None)


PROGRAMS = programs_with_tls()


@dataclass(frozen=True, slots=True)
class Secured:
    """A PostgreSQL that takes nothing but TLS: its port, and the authority that certified it as localhost."""

    port: int
    authority: Authority

    def url(
        self, host: str = "localhost", *, trust: Path | None = None, mode: str = "verify-full", more: str = ""
    ) -> str:
        root = trust or self.authority.certificate
        return f"postgresql://owner@{host}:{self.port}/postgres?sslmode={mode}&sslrootcert={root}{more}"


@pytest.fixture
def authority(open_folder: Path) -> Authority:
    return new_authority(open_folder / "authority")


@pytest.fixture
def secured(open_folder: Path, authority: Authority) -> Iterator[Secured]:
    if PROGRAMS is None:
        pytest.skip("no PostgreSQL with TLS is installed: apt-get install postgresql")
    account, data, port = account_for(open_folder / "data"), open_folder / "data", free_port()
    given = certified_for(authority, open_folder, account)
    data.mkdir(mode=0o700)
    chown(data, account)
    run([PROGRAMS / "initdb", "-D", data, "-U", "owner", "-A", "trust", "-N"], account)
    with (data / "postgresql.conf").open("a") as file:
        file.write(f"ssl = on\nssl_cert_file = '{given.certificate}'\nssl_key_file = '{given.key}'\nfsync = off\n")
        file.write("listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\n")
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n")
    run([PROGRAMS / "pg_ctl", "start", "-w", "-D", data, "-o", f"-p {port}"], account)
    yield Secured(port, authority)
    run([PROGRAMS / "pg_ctl", "stop", "-m", "immediate", "-D", data], account)


def certified_for(authority: Authority, folder: Path, account: Account | None) -> Certified:
    made = authority.certify("localhost")
    for path in (made.certificate, made.key):
        chown(path, account)
    folder.joinpath("authority").chmod(0o755)
    return made


def run(argv: list[str | Path], account: Account | None) -> None:
    assert run_as(account, argv, output=subprocess.DEVNULL) == 0, argv


@pytest.mark.parametrize("more", ["", "&options=-c%20search_path%3Dpublic%20-c%20work_mem%3D5MB"], ids=["", "options"])
def test_the_service_works_over_tls_with_the_right_server(secured: Secured, more: str) -> None:
    app = create_app(settings_with(database_url=secured.url(more=more)))
    with app.app_context():
        flask_migrate.upgrade("migrations")
    client = app.test_client()
    assert codes(send(client, "withdraw", "150", 1)) == [1100]
    assert client.get("/health/ready").status_code == 200
    with app.app_context(), db.engine.connect() as connection:
        assert connection.exec_driver_sql(TLS).scalar() is True
        if more:
            assert connection.exec_driver_sql("SHOW work_mem").scalar() == "5MB"
    assert app.test_cli_runner().invoke(args=["rules", "verify", "--jobs", "1"]).exit_code == 0
    done_with(app)


WRONG: dict[str, Callable[[Secured, Path], str]] = {
    "another authority": lambda secured, folder: secured.url(trust=new_authority(folder / "other").certificate),
    "another name": lambda secured, _: secured.url("127.0.0.1"),
    "without TLS": lambda secured, _: secured.url(mode="disable"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
def test_nothing_is_sent_to_a_server_with_a_wrong_certificate(
    secured: Secured, wrong: Callable[[Secured, Path], str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = wrong(secured, tmp_path)
    with pytest.raises(psycopg2.OperationalError):
        run_sql(url, "SELECT 1")
    app = create_app(settings_with(database_url=url))
    client = app.test_client()
    assert problem(send(client, "deposit", "1", 1)) == (503, "unavailable")
    assert re.search(r"\"cause\": .*(certificate|no encryption)", capfd.readouterr().err)
    assert client.get("/health/ready").status_code == 503
    done_with(app)


def test_tls_options_in_the_address_are_kept(secured: Secured) -> None:
    assert read_address(secured.url())["sslmode"] == "verify-full"
    assert run_sql(secured.url(), TLS) == [(True,)]


def done_with(app: APIFlask) -> None:
    wiring(app).stop()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def redis(authority: Authority, open_folder: Path) -> Iterator[int]:
    if REDIS is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    made, port = authority.certify("localhost"), free_port()
    files = [
        "--tls-cert-file",
        made.certificate,
        "--tls-key-file",
        made.key,
        "--tls-ca-cert-file",
        authority.certificate,
    ]
    argv = [REDIS, "--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no", *map(str, files), "--save", ""]
    with subprocess.Popen(argv, cwd=open_folder, stdout=subprocess.DEVNULL, env=dict(os.environ)) as process:  # noqa: S603
        yield port
        process.kill()


def answers(address: str) -> bool:
    deadline = time.monotonic() + MAX_WAIT
    while time.monotonic() < deadline:
        if storage_from_string(address).check():
            return True
        if "other" in address or "127.0.0.1" in address:
            return False
        time.sleep(0.1)
    return False


def test_only_a_redis_with_the_right_certificate_keeps_counts(redis: int, authority: Authority, tmp_path: Path) -> None:
    form = "rediss://{host}:{port}/0?ssl_ca_certs={trust}&ssl_check_hostname=true"
    other = new_authority(tmp_path / "other").certificate
    assert answers(form.format(host="localhost", port=redis, trust=authority.certificate))
    assert not answers(form.format(host="localhost", port=redis, trust=other))
    assert not answers(form.format(host="127.0.0.1", port=redis, trust=authority.certificate))
