"""An import stores what the same events, sent one by one, would have stored; every other line is told, with its reason."""

from pathlib import Path

import pytest
from apiflask import APIFlask
from click.testing import Result
from functools import partial

from app.intake import cli
from app.intake.under_way import ImportRun
from tests.integration.conftest import Sql
from tests.integration.judging import in_this_process

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")


@pytest.fixture(autouse=True)
def imports_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "ImportRun", partial(ImportRun, open_pool=in_this_process))


def flask(app: APIFlask, *words: object) -> Result:
    return app.test_cli_runner().invoke(args=["events", "import", *map(str, words)])


def test_events_of_a_file_are_stored(app: APIFlask, sql: Sql, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("user_id,t,type,amount\n1,10,deposit,42.00\n1,20,withdraw,150\n2,5,deposit,1.5\n")
    done = flask(app, file)
    print(done.output)
    assert done.exit_code == 0, done.output
    print(sql("SELECT * FROM activity_event"))
    print(sql("SELECT * FROM alert"), sql("select * from user_clock"), sql("select * from import_job"))
