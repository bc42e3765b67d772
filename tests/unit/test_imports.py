"""Each program loads only the modules that it needs, since every command and every start waits for them."""

import json
import subprocess
import sys
from pathlib import Path

from alembic.script import ScriptDirectory

from app.health.controllers import EXPECTED, MIGRATIONS, OLDER

REPOSITORY = Path(__file__).parents[2]
ALL = "import json, sys; print(json.dumps(list(sys.modules)))"


def loaded_by(program: str) -> frozenset[str]:
    """Name the modules that a program has loaded at its end."""
    argv = [sys.executable, "-c", f"{program}\n{ALL}"]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    return frozenset(json.loads(done.stdout.splitlines()[-1]))


def test_the_application_does_not_load_optional_modules() -> None:
    loaded = loaded_by("from app import create_app; create_app.__module__")
    assert {"app.factory", "sqlalchemy", "apiflask"} <= loaded
    assert {"redis", "limits", "flask_limiter", "alembic", "flask_migrate", "app.backtest.cli"}.isdisjoint(loaded)


def test_the_notice_loads_only_the_settings() -> None:
    loaded = loaded_by("import app.notice")
    assert {"app.factory", "sqlalchemy", "flask", "structlog"}.isdisjoint(loaded)


def test_the_local_runner_does_not_load_the_application() -> None:
    assert {"sqlalchemy", "marshmallow", "app"}.isdisjoint(loaded_by("import lib.local.commands"))


def test_the_main_process_preloads_what_workers_need() -> None:
    loaded = loaded_by("from app.server import load; load()")
    assert {"app.wsgi", "app.factory"} <= loaded
    assert "alembic" not in loaded


def test_migration_file_numbers_match_their_revisions() -> None:
    revisions = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    assert revisions[0] == EXPECTED
    assert frozenset(revisions[1:]) == OLDER
