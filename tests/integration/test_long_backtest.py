"""A backtest of very many days, by the command: the report, its page and its JSON stay readable in size."""

import json
import re
from pathlib import Path

import pytest
from apiflask import APIFlask

from app.backtest.domain import DAY, MAX_PERIODS
from app.backtest.page_charts import MAX_BARS
from tests.integration.books import FIRST
from tests.integration.conftest import Sql

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

DAYS = 4000
BEGIN = FIRST - 9 * 365 * DAY
# An event a day of each of three players; every third is above 100.
STORED = """
    INSERT INTO activity_event (user_id, t, type, amount, alert_codes)
    SELECT user_id, %s + day * %s + user_id, 'withdraw', CASE WHEN day %% 3 = 0 THEN 150 ELSE 50 END, '{}'
    FROM generate_series(0, %s - 1) AS day, generate_series(1, 3) AS user_id
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_too_many_days_are_grouped_into_weeks(app: APIFlask, sql: Sql, tmp_path: Path, jobs: int) -> None:
    sql(STORED, BEGIN, DAY, DAYS)
    files = [tmp_path / "report.json", tmp_path / "page.html"]
    words = ["rules", "backtest", "1", "--jobs", str(jobs), "--json", str(files[0]), "--html", str(files[1])]
    done = app.test_cli_runner().invoke(args=words)
    assert done.exit_code == 0, done.output
    body = json.loads(files[0].read_text())
    periods = body["periods"]
    assert DAYS // 7 <= len(periods) <= DAYS // 7 + 2 <= MAX_PERIODS
    assert {each["first_t"] % (7 * DAY) for each in periods} == {0}
    assert sum(each["events"] for each in periods) == body["events"] == 3 * DAYS
    assert max(each["events"] for each in periods) == 3 * 7
    text = files[1].read_text()
    table = text.partition('<table class="periods">')[2].partition("</table>")[0]
    named = [" ".join(each.split()) for each in re.findall(r"<tr><td>([^<]+)</td>", table)]
    assert named == [each["name"] for each in periods]
    assert len(re.findall(r'<rect class="room"', text)) <= MAX_BARS * 5, "a bar for each, in the picture of each code"
    assert f"the last 31 of {len(periods)}" in done.stdout
