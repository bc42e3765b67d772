"""docs/console.md agrees with the code: what each role may do, which steps the audit has, which commands there are."""

import re
from pathlib import Path

from app.staff.cli import staff
from app.staff.domain import LASTS, Step
from app.staff.permissions import BUNDLES, Permission, Role

PAGE = Path("docs/console.md").read_text(encoding="utf-8")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|\n").split("|")]


def test_the_table_of_roles_is_that_of_the_code() -> None:
    [heading] = re.findall(r"^\| permission \|.*$", PAGE, re.MULTILINE)
    roles = [Role(name) for name in cells(heading)[1:]]
    assert roles == list(Role)
    rows = [cells(line) for line in re.findall(r"^\| `[a-z]+:[a-z]+` \|.*$", PAGE, re.MULTILINE)]
    assert [row[0].strip("`") for row in rows] == list(Permission)
    shown = {role: {row[0].strip("`") for row in rows if row[1 + place] == "yes"} for place, role in enumerate(roles)}
    assert shown == BUNDLES


def test_every_step_of_the_audit_is_explained() -> None:
    [table] = re.findall(r"^\| step \| \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert {name for line in table.splitlines() for name in re.findall(r"`([a-z-]+)`", cells(line)[0])} == set(Step)


def test_every_command_is_shown() -> None:
    assert set(re.findall(r"^bin/activity-alerts staff (\w+)", PAGE, re.MULTILINE)) == staff.commands.keys()


def test_the_page_says_how_long_links_last() -> None:
    assert [span.total_seconds() / 3600 for span in LASTS.values()] == [7 * 24, 24, 1]
    for words in ("within 7 days", "within a day", "within an hour"):
        assert words in PAGE
