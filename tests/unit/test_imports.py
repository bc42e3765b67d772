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


def test_the_application_does_without_what_only_some_settings_and_commands_need() -> None:
    loaded = loaded_by("from app import create_app; create_app.__module__")
    assert {"app.factory", "sqlalchemy", "apiflask"} <= loaded
    assert {"redis", "limits", "flask_limiter", "alembic", "flask_migrate", "app.backtest.cli"}.isdisjoint(loaded)


def test_the_notice_needs_the_settings_alone() -> None:
    loaded = loaded_by("import app.notice")
    assert {"app.factory", "sqlalchemy", "flask", "structlog"}.isdisjoint(loaded)


def test_the_local_runner_does_without_the_tables_of_the_service() -> None:
    assert {"sqlalchemy", "marshmallow", "app"}.isdisjoint(loaded_by("import lib.local.commands"))


def test_a_worker_has_all_that_it_serves_with_and_its_main_process_loads_that_before_it() -> None:
    loaded = loaded_by("from app.server import load; load()")
    assert {"app.wsgi", "app.factory"} <= loaded
    assert "alembic" not in loaded


def test_the_numbers_of_the_files_are_what_alembic_reads_in_them() -> None:
    revisions = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    assert revisions[0] == EXPECTED
    assert frozenset(revisions[1:]) == OLDER
