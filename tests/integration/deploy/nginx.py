"""The shipped nginx in the foreground, in a folder of its own: nginx.conf as it is, only its place is another."""

import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.integration.servers import MAX_WAIT, await_port

SHIPPED = Path(__file__).parents[3] / "deploy/nginx"
PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
CERTIFICATE = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
NAMES = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx: its folder, its port and what its clients trust."""

    folder: Path
    port: int
    trust: ssl.SSLContext

    @property
    def address(self) -> str:
        """The address of its site."""
        return f"https://localhost:{self.port}"

    def connect(self) -> ssl.SSLSocket:
        """Open a connection, for those who send what no client of HTTP would."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=MAX_WAIT)
        return self.trust.wrap_socket(plain, server_hostname="localhost")

    def client(self) -> httpx.Client:
        """Make a client that trusts its certificate."""
        return httpx.Client(base_url=self.address, verify=self.trust, timeout=MAX_WAIT)


def make_certificate(folder: Path) -> ssl.SSLContext:
    """Make a self-signed certificate as site.conf names it, and return what trusts it."""
    folder.mkdir()
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(["openssl", "req", *CERTIFICATE, *NAMES, *files], check=True, capture_output=True)  # noqa: S603, S607
    return ssl.create_default_context(cafile=folder / "fullchain.pem")


def move_in(folder: Path, port: int, instances: Sequence[int], console: int) -> None:
    """Put the shipped files into a folder, with its own port, instances, console and files to write."""
    shutil.copy(SHIPPED / "nginx.conf", folder)
    site = (SHIPPED / "site.conf").read_text(encoding="utf-8")
    site = re.sub(r"listen \[::\].*\n", "", site).replace("listen 443 ", f"listen 127.0.0.1:{port} ")
    site = site.replace("/var/log/nginx/", f"{folder}/")
    places = "".join(f"{name}_temp_path {folder / name};\n" for name in TEMPORARY)
    (folder / "site.conf").write_text(site + places, encoding="utf-8")
    shipped = (SHIPPED / "instances.conf").read_text(encoding="utf-8")
    for own, instance in zip(("5001", "5002"), instances, strict=True):
        shipped = shipped.replace(f"127.0.0.1:{own} ", f"127.0.0.1:{instance} ")
    (folder / "instances.conf").write_text(shipped, encoding="utf-8")
    shipped = (SHIPPED / "console.conf").read_text(encoding="utf-8")
    (folder / "console.conf").write_text(shipped.replace(":5003;", f":{console};"), encoding="utf-8")


@contextmanager
def running(folder: Path, port: int, instances: Sequence[int], console: int) -> Iterator[Nginx]:
    """Run nginx in front of two instances of the service and the console, of which each need not run."""
    assert PROGRAM is not None
    folder.mkdir()
    trust = make_certificate(folder / "tls")
    move_in(folder, port, instances, console)
    argv = [PROGRAM, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with (folder / "error.log").open("wb") as errors:
        process = subprocess.Popen([*argv, "-g", f"daemon off; pid {folder}/pid;"], stderr=errors)  # noqa: S603
        try:
            await_port(process, port, folder / "error.log")
            yield Nginx(folder, port, trust)
        finally:
            process.terminate()
            process.wait(MAX_WAIT)
