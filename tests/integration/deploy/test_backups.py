"""Backup, restore and the way back to an older release, by the very lines of docs/deploy.md."""

import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from getpass import getuser
from pathlib import Path
from typing import Any

import psycopg2.errors
import pytest
from alembic.script import ScriptDirectory
from apiflask import APIFlask
from sqlalchemy import make_url

from app.datastores import db
from app.events.domain import EventOrder
from app.factory import create_app
from lib.local.postgres import temporary_cluster
from lib.probe import fault_after
from testkit.ports import free_port
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import FAST, AppWith, run_sql
from tests.integration.deploy.machine import INSTANCES, PASSWORD, REPOSITORY, Machine
from tests.integration.deploy.page import blocks, line_with
from tests.integration.servers import MAX_WAIT, post
from tests.integration.wiring import wiring
from tests.settings import settings_with

UPGRADE = "sudo -u activity_owner activity-alerts db upgrade"
TABLES = (
    "activity_event",
    "user_clock",
    "alert",
    "rule_book",
    "rule_book_audit",
    "api_key",
    "key_event",
    "seal",
    "sealed_player",
    "registered_user",
)
OURS = ScriptDirectory(str(REPOSITORY / "migrations"))
NEWER = """
from alembic import op
from tests.integration.wiring import wiring
revision, down_revision = "9999", "{head}"
def upgrade(): op.execute("CREATE TABLE of_a_newer_release (something text)")
def downgrade(): op.execute("DROP TABLE of_a_newer_release")
"""
NewMachine = Callable[..., Machine]
Contents = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def new_machine(quick_clusters: None) -> Iterator[NewMachine]:  # noqa: ARG001  # which it makes
    """Create machines, each with its own PostgreSQL; remove all at the end."""
    with ExitStack() as undo:

        def make(superuser: str = "postgres_of_the_page") -> Machine:
            root = Path(tempfile.mkdtemp(prefix="machine-")).resolve()
            undo.callback(shutil.rmtree, root)
            root.chmod(0o755)
            address = undo.enter_context(temporary_cluster(settings=FAST, name=superuser))
            machine = Machine(root=root, postgres=address, ports={port: str(free_port()) for port in INSTANCES})
            undo.callback(machine.run, f"systemctl stop {' '.join(INSTANCES)}")
            return machine

        yield make


def set_up(machine: Machine) -> None:
    """Bring the logins about as the page does; over TCP, they need a password."""
    machine.run(line_with('createuser "$login"'))
    for login in ("activity", "activity_owner"):
        machine.run(f"sudo -u postgres psql --command=\"ALTER ROLE {login} PASSWORD '{PASSWORD}'\" postgres")


def owner_of(machine: Machine, url: str) -> str:
    """Return the address of a machine's database for who may do everything."""
    database = make_url(url).database
    return make_url(machine.postgres).set(database=database).render_as_string(hide_password=False)


def play(url: str) -> None:
    """Store events, some of which raise codes, a key and an edition of the rule book."""
    app = create_app(settings_with(database_url=url))
    client = app.test_client()
    for user_id in range(1, 6):
        for t in range(1, 9):
            codes(send(client, "deposit" if t % 3 else "withdraw", f"{40 + 20 * t}.00", t, user_id))
    runner = app.test_cli_runner()
    for command in ("keys create --name payments --scope events:write", "users seed", "rules seal"):
        assert runner.invoke(args=command.split()).exit_code == 0
    assert client.post("/rules", json={"edition": 1, "note": "to be kept"}).status_code == 201
    wiring(app).stop()
    with app.app_context():
        db.engine.dispose()


def contents(url: str) -> Contents:
    return {table: run_sql(url, f"SELECT {table}::text FROM {table} ORDER BY 1") for table in TABLES}  # noqa: S608  # ours


def begin(machine: Machine) -> str:
    """Install the service on a machine, and use it."""
    set_up(machine)
    machine.run(line_with("createdb --owner activity_owner activity"))
    url = machine.let_the_service_use("activity")
    machine.install("one")
    machine.run(UPGRADE)
    play(url)
    return url


def carry(one: Machine, other: Machine, file: str) -> None:
    target = other.root / file
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(one.root / file, target)
    for folder in (target.parent, target):
        folder.chmod(0o755)


def test_a_backup_is_restored_on_another_machine_and_in_place_of_a_damaged_database(new_machine: NewMachine) -> None:
    one, other = new_machine(), new_machine()
    kept = contents(begin(one))
    assert len(kept["alert"]) > 10
    backup, _ = blocks("Backups")
    one.run(backup)
    restore, aside, _ = blocks("Restore")

    carry(one, other, "var/backups/activity-alerts/activity.dump")
    set_up(other)
    other.install("one")
    url = other.let_the_service_use("activity")
    assert "40 events" in other.run(restore)
    assert contents(url) == kept
    assert run_sql(url, "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 'public'") == [
        ("activity_owner",)
    ]

    run_sql(owner_of(other, url), "DELETE FROM activity_event WHERE user_id = 3")
    other.run(aside + restore)
    assert contents(url) == kept
    damaged = make_url(url).set(database="activity_damaged").render_as_string(hide_password=False)
    assert len(contents(damaged)["activity_event"]) == 32


def test_a_backup_of_compose_is_restored_where_there_is_only_an_empty_database(new_machine: NewMachine) -> None:
    """The image of PostgreSQL makes superuser and database of the names that it is given."""
    one, other = new_machine("activity"), new_machine("activity")
    for machine in (one, other):
        machine.run(f"sudo -u postgres psql --command=\"ALTER ROLE activity PASSWORD '{PASSWORD}'\" activity")
        url = machine.let_the_service_use("activity", service="activity_web", owner="activity")
        machine.postgres = make_url(url).set(username="activity").render_as_string(hide_password=False)
        machine.install("one")
    one.run("production run --rm migrate")
    play(make_url(one.postgres).set(username="activity_web").render_as_string(hide_password=False))
    one.run(blocks("Backups")[1])
    carry(one, other, "activity.dump")
    output = other.run(blocks("Restore")[2])
    assert "40 events" in output, output
    assert contents(other.postgres) == contents(one.postgres)


def test_an_installation_of_0_1_gets_another_owner_while_the_service_runs(new_machine: NewMachine) -> None:
    """A42: its login owned the tables; afterwards it does its work and nothing else."""
    machine = new_machine()
    machine.run("sudo -u postgres createuser activity && sudo -u postgres createdb --owner activity activity")
    machine.run(f"sudo -u postgres psql --command=\"ALTER ROLE activity PASSWORD '{PASSWORD}'\" postgres")
    url = machine.let_the_service_use("activity", owner="activity")
    machine.install("one")
    machine.run(UPGRADE)
    machine.run("systemctl start activity-alerts@5001 activity-alerts@5002")
    for port in machine.ports.values():
        assert fault_after(MAX_WAIT, "127.0.0.1", int(port), "/health/ready") == ""
    play(url)
    kept = contents(url)
    [block] = blocks("Two logins")
    transaction = block[block.index("sudo -u postgres psql") : block.index("echo")]
    machine.run(transaction)
    machine.run(f"sudo -u postgres psql --command=\"ALTER ROLE activity_owner PASSWORD '{PASSWORD}'\" postgres")
    machine.let_the_service_use("activity")
    for attempt, port in enumerate(machine.ports.values()):
        assert post(int(port), 100 + attempt, user_id=77) == 200, "also before the grants are narrowed"
    machine.run(block.splitlines()[-1])
    for attempt, port in enumerate(machine.ports.values()):
        assert post(int(port), 200 + attempt, user_id=77) == 200
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run_sql(url, "DELETE FROM alert")
    assert contents(url)["alert"] == kept["alert"]


def test_a_step_back_to_an_older_release(new_machine: NewMachine) -> None:
    machine = new_machine()
    url = begin(machine)
    kept = contents(url)
    machine.install("newer", newer=NEWER.format(head=OURS.get_current_head()))
    machine.run(UPGRADE)
    machine.run("systemctl start activity-alerts@5001 activity-alerts@5002")
    served, for_good = (block.replace("/OLD", "/one") for block in blocks("Back to an older release"))

    assert machine.run(f'{served}\necho "$new"').endswith("/opt/activity-alerts/releases/newer\n")
    for port in machine.ports.values():
        assert post(int(port), 100, user_id=int(port)) == 200  # by the older release, on the newer tables
    output = machine.run(UPGRADE, succeeds=False)
    assert "Traceback" not in output
    assert "the database is at migration 9999" in output
    command = f"sudo -u {getuser()} activity-alerts db downgrade {OURS.get_current_head()}"
    assert f"\n  {command}\n" in output, "as it is typed on this machine"
    assert '"Back to an older release"' in output

    [old] = [line for line in served.splitlines() if line.startswith("old=")]
    machine.run(f"{old}\nnew=/opt/activity-alerts/releases/newer\n{for_good}")
    assert run_sql(url, "SELECT to_regclass('of_a_newer_release')::text") == [(None,)]
    assert contents(url)["alert"] == kept["alert"]
    for port in machine.ports.values():
        assert fault_after(MAX_WAIT, "127.0.0.1", int(port), "/health/ready") == ""
    machine.run(UPGRADE)


@pytest.mark.parametrize("revision", [script.revision for script in OURS.walk_revisions()])
def test_the_page_says_what_a_downgrade_loses(revision: str) -> None:
    assert line_with(f"| {revision} | ").endswith(" |")


def take_back(app: APIFlask, t: int) -> None:
    """Do as the page says, with this `t`."""
    [line] = blocks("A `t` from a wrong clock", "bash")
    words = shlex.split(line.replace("1795736749000", str(t)))
    done = app.test_cli_runner().invoke(args=words[words.index("events") :])
    assert done.exit_code == 0, done.output


def test_repairing_a_t_from_a_wrong_clock(app_with: AppWith, database: str) -> None:
    """A31: in milliseconds, it shuts the user out; by the lines of the page, the user is let in again."""
    find_players, find_events = blocks("A `t` from a wrong clock", "sql")
    app = app_with()
    client = app.test_client()
    now = int(time.time())
    codes(send(client, "deposit", "1.00", now, 42))
    assert run_sql(database, find_players) == []
    assert codes(send(client, "withdraw", "500.00", now * 1000, 42)) == [1100]
    assert problem(send(client, "withdraw", "500.00", now + 1, 42)) == (400, "out-of-order")
    assert run_sql(database, find_players) == [(42, now * 1000)]
    assert run_sql(database, find_events) == [(now * 1000, None)]

    take_back(app, now * 1000)
    assert run_sql(database, find_players) == []
    assert codes(send(client, "withdraw", "500.00", now + 1, 42)) == [1100]
    assert app.test_cli_runner().invoke(args=["rules", "verify"]).exit_code == 0


def test_repairing_a_player_without_other_events_and_the_system_clock(app_with: AppWith) -> None:
    """A31."""
    app = app_with(event_order=EventOrder.SYSTEM)
    client = app.test_client()
    now = int(time.time())
    codes(send(client, "deposit", "1.00", now - 1, 1))
    codes(send(client, "deposit", "1.00", now * 1000, 42))
    assert problem(send(client, "deposit", "1.00", now, 1)) == (400, "out-of-order")
    take_back(app, now * 1000)
    codes(send(client, "deposit", "1.00", now, 1))
    codes(send(client, "deposit", "1.00", now + 1, 42))
