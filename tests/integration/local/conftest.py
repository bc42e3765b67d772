"""A small project, in a folder that PostgreSQL's account can reach."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.local.project import Project, read_project
from lib.local.stopping import clean
from testkit.ports import free_port

REPOSITORY = Path(__file__).parents[3]
TABLE = """
[tool.local]
name = "sample-project"
programs = { service = ["service.py"] }
migrate = ["migrate.py"]
notice = ["notice.py"]
alive_path = "/alive"
docs_path = "/read/me"
sample_path = "/sample"
sample_json = '{"a": 1}'
"""
# Echoes the body of a POST, on a port that it would share with another server; fails if the file `broken` exists.
SERVICE = """
import http.server, os, pathlib, sys
if pathlib.Path("broken").exists():
    sys.exit("the service is broken")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(404)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_port = True
from lib import lifeline
lifeline.watch()
Server((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
# Prints who may use the service, or which setting is wrong.
NOTICE = """
import os, sys
if os.environ.get("COLOUR", "red") != "red":
    sys.stderr.write("Error: these settings stop the start:\\n  COLOUR: Must be one of: red. It is set in .env.\\n")
    sys.exit(2)
print("whom it is for", "Key: $KEY", sep=chr(10))
"""
MIGRATE = """
import os, pathlib, sys, psycopg2
if pathlib.Path("misfit").exists():
    sys.exit(pathlib.Path("misfit").read_text())
psycopg2.connect(os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"]).close()
"""


def make_checkout(folder: Path) -> Project:
    """A checkout of a small project; its port is in its `.env`."""
    files = {"pyproject.toml": TABLE, "service.py": SERVICE, "migrate.py": MIGRATE, "notice.py": NOTICE}
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / ".env").write_text(f"PORT={free_port()}\n")
    (folder / "lib").symlink_to(REPOSITORY / "lib")
    return read_project(folder)


@pytest.fixture
def project(
    open_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    quick_clusters: None,  # noqa: ARG001  # which it starts
) -> Iterator[Project]:
    """A checkout in the current folder; what it runs is stopped afterwards."""
    for name in ("HOST", "PORT", "DATABASE_URL", "DATABASE_OWNER_URL"):
        monkeypatch.delenv(name, raising=False)
    made = make_checkout(open_folder)
    monkeypatch.chdir(made.root)
    yield made
    clean(made)
