"""Files as other systems write them: each line is imported, or refused with its number and the reason."""

import gzip
import os
from collections.abc import Iterator
from decimal import Decimal
from errno import ENOSPC
from pathlib import Path
from unittest.mock import Mock
from uuid import UUID

import pytest
from apiflask import APIFlask

from app.intake import controllers
from tests.integration.conftest import Sql
from tests.integration.importing import imported, refused, run

EVENTS = "SELECT user_id, t, n, type, amount, event_id FROM activity_event ORDER BY user_id, t, n"
ONE = [(1, 10, 0, "deposit", Decimal("42.00"), None)]
ANN, BOB = UUID(int=1), UUID(int=2)


def given(folder: Path, content: str | bytes, name: str = "events.csv") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_a_file_of_another_system_is_imported(app: APIFlask, sql: Sql, tmp_path: Path) -> None:
    lines = ("player;at;kind;sum;note", '1;1970-01-01 01:00:10;IN;42,00;"a\r\nb"', "1;1970-01-01 01:00:11;bet;1;", "")
    content = "\ufeff" + "\r\n".join(lines)
    columns = "user_id=player,t=at,type=kind,amount=sum"
    output = imported(
        app,
        given(tmp_path, gzip.compress(content.encode())),
        *("--map", columns, "--ignore", "note", "--type", "deposit=IN,ignore=bet"),
        *("--time", "iso", "--zone", "Europe/Berlin", "--decimal-comma"),
    )
    assert "2 lines: 1 imported, 1 of a type that is left out." in output
    assert sql(EVENTS) == ONE


def test_a_line_with_a_fault_keeps_all_others_out(app: APIFlask, sql: Sql, tmp_path: Path) -> None:
    file = given(tmp_path, "user_id,t,type,amount\n1,10,deposit,42\n1,11,deposit,1e2\n")
    output = refused(app, file)
    assert "line 3, amount: Must be a plain decimal" in output
    again = f"flask --app app events import {file}"
    assert f"see all of them: {again} --faults faults.csv, or leave these lines out: {again} --max-faults 1" in output
    assert sql(EVENTS) == []


def test_an_empty_file_is_refused(app: APIFlask, sql: Sql, tmp_path: Path) -> None:
    assert "is empty" in refused(app, given(tmp_path, ""))
    assert "the file has no events" in refused(app, given(tmp_path, "user_id,t,type,amount\n"))
    assert sql("SELECT count(*) FROM import_line") == [(0,)]


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """A named pipe, open at both ends, so that neither waits."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    opened = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    yield path
    os.close(opened)


def test_a_pipe_is_not_read(app: APIFlask, tmp_path: Path, pipe: Path) -> None:
    assert f"{pipe} is a pipe, and would be read twice: write it to a file first" in refused(app, pipe)
    file = given(tmp_path, "user_id,t,type,amount\na,10,deposit,42\n")
    assert f"{pipe} is no plain file" in refused(app, file, "--players", pipe)


def test_faults_are_written_into_a_pipe_and_do_not_replace_it(app: APIFlask, tmp_path: Path, pipe: Path) -> None:
    file = given(tmp_path, "user_id,t,type,amount\n1,10,deposit,42\n")
    imported(app, file, "--faults", pipe)
    assert pipe.is_fifo()
    with pipe.open("rb", buffering=0) as opened:
        assert opened.read(99) == b"line,field,reason,text\n"


def test_a_full_disk_is_named_as_the_reason(app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a file that is open names no file."""
    full = OSError(ENOSPC, os.strerror(ENOSPC))
    monkeypatch.setattr(controllers, "import_file", Mock(side_effect=full))
    output = refused(app, given(tmp_path, "user_id,t,type,amount\n1,10,deposit,42\n"))
    assert "a file cannot be read or written: No space left on device" in output


def test_every_fault_names_its_line_even_after_quoted_line_breaks(app: APIFlask, tmp_path: Path) -> None:
    file = given(
        tmp_path,
        'user_id,t,type,amount,note\n1,1,deposit,1,"a\r\nb\nc"\n1,2,deposit,x,\n1,3,deposit,1,"d\n"\n1,3,deposit,1,\n',
    )
    output = refused(app, file, "--ignore", "note")
    assert "line 5, amount: Must be" in output
    assert "line 8, t: is the same event as line 6: leave one of the two out" in output


def test_dates_are_the_beginning_of_the_day_in_their_zone(app: APIFlask, sql: Sql, tmp_path: Path) -> None:
    file = given(
        tmp_path,
        "user_id,t,type,amount,event_id\n1,1970-01-02,deposit,1,a\n1,1970-01-02,deposit,1,b\n1,1970-01-03,deposit,1,\n",
    )
    imported(app, file, "--time", "date", "--zone", "Europe/Berlin")
    assert [row[1:3] for row in sql(EVENTS)] == [(82800, 0), (82800, 1), (169200, 0)]


def test_players_with_other_ids_get_a_number_that_stays(app: APIFlask, sql: Sql, tmp_path: Path) -> None:
    sql("INSERT INTO user_clock (user_id, last_t) VALUES (40, 1)")
    players = tmp_path / "players.csv"
    file = given(tmp_path, f"user_id,t,type,amount\n{ANN},1,deposit,1\n{BOB},2,deposit,2\n{ANN},3,deposit,3\n")
    assert "2 new players got a number." in imported(app, file, "--players", players, "--dry-run")
    assert not players.exists()
    imported(app, file, "--players", players)
    assert players.read_text() == f"player,user_id\n{ANN},41\n{BOB},42\n"
    assert [row[:2] for row in sql(EVENTS)] == [(41, 1), (41, 3), (42, 2)]
    more = given(tmp_path, f"user_id,t,type,amount\n{UUID(int=3)},1,deposit,1\n{BOB},9,deposit,2\n", "more.csv")
    imported(app, more, "--players", players)
    assert [row[:2] for row in sql(EVENTS)] == [(41, 1), (41, 3), (42, 2), (42, 9), (43, 1)]


def test_faults_and_names_of_files_that_cannot_be_printed_are_stored_and_shown(
    app: APIFlask, sql: Sql, tmp_path: Path
) -> None:
    line = '{"user_id": 1, "t": 1, "type": "deposit", "amount": 1, '
    lines = (r'"\u0000": 1}', r'"\ud800": 1}', r'"\u001b[2J": 1}', r'"\ud800": 1, "\ud800": 2}')
    file = given(tmp_path, "".join(f"{line}{rest}\n" for rest in lines), os.fsdecode(b"caf\xe9.ndjson"))
    faults = tmp_path / "faults.csv"
    output = refused(app, file, "--faults", faults)
    for named in (r"--ignore \x00", r"--ignore \ud800", r"--ignore \x1b[2J", r"line 4 \ud800 is given twice"):
        assert named in output
        assert named.removeprefix("line 4 ") in faults.read_text()
    [(path,)] = sql("SELECT file FROM import_job")
    assert path.endswith(r"caf\udce9.ndjson")


@pytest.mark.parametrize("name", [r"\ud800", r"\u0000", r"a\nb", r"\u001b[2J"])
def test_a_player_whose_name_cannot_be_printed_is_a_fault(app: APIFlask, tmp_path: Path, name: str) -> None:
    players = tmp_path / "players.csv"
    line = '{"user_id": "%s", "t": 1, "type": "deposit", "amount": 1}\n'
    file = given(tmp_path, line % name + line % "Åsa\u00a0B.")
    output = run(app, file, "--players", players, "--max-faults", 1).output
    assert "line 1, user_id: Must not have characters that cannot be printed." in output
    assert players.read_text() == "player,user_id\nÅsa\u00a0B.,1\n"


def test_the_first_line_of_a_csv_cannot_steer_the_terminal(app: APIFlask, tmp_path: Path) -> None:
    file = given(tmp_path, "user_id,t,type,amount,\x1b[2J\n1,1,deposit,1,\n")
    assert r"--ignore \x1b[2J" in refused(app, file)


WRONG_PLAYERS = {
    "player;user_id\n": "the first line of",
    "player,user_id\na,x\n": "line 2 of",
    "player,user_id\na,1\nb,1\n": "gives one number to two",
}


@pytest.mark.parametrize(("content", "reason"), WRONG_PLAYERS.items())
def test_a_file_of_players_that_is_wrong_is_refused(app: APIFlask, tmp_path: Path, content: str, reason: str) -> None:
    players = given(tmp_path, content, "players.csv")
    file = given(tmp_path, "user_id,t,type,amount\na,1,deposit,1\n")
    assert reason in refused(app, file, "--players", players)


def test_faults_up_to_a_number_are_left_out_and_written_to_a_file(app: APIFlask, sql: Sql, tmp_path: Path) -> None:
    file = given(
        tmp_path, 'user_id,t,type,amount\n1,10,deposit,42\n1,"x\ny",deposit,1\n1,10,withdraw,1\n1,5,deposit,1\n'
    )
    faults = tmp_path / "faults.csv"
    sql("INSERT INTO user_clock (user_id, last_t, events) VALUES (1, 6, 0)")
    assert "3 with faults" in refused(app, file, "--max-faults", 2, "--faults", faults)
    assert sql("SELECT count(*) FROM activity_event") == [(0,)]
    assert "1 imported, 3 with faults" in run(app, file, "--max-faults", 3, "--faults", faults).output
    assert faults.read_text() == (
        "line,field,reason,text\n"
        '3,t,"Must be a whole number from 0 to 9223372036854775807, without leading zeros.","1,""x\ny"",deposit,1"\n'
        '5,t,t 10 of this player is also in line 2; only events with an event_id share a second,"1,10,withdraw,1"\n'
        '6,t,"t 5 is below 6, the latest of player 1","1,5,deposit,1"\n'
    )


def test_another_currency_is_a_fault(app: APIFlask, tmp_path: Path) -> None:
    # A55
    file = given(tmp_path, "user_id,t,type,amount,currency\n1,10,deposit,42,EUR\n1,11,deposit,42,SEK\n")
    assert "line 3, currency: Must be EUR: convert the amount." in refused(app, file, "--currency", "EUR")


WRONG_OPTIONS = {
    ("--map", "player"): "write user_id=player,t=created_at",
    ("--map", "user_id=a,t=a"): "a field is one column",
    ("--type", "bet=x"): "write deposit=DEPOSIT",
    ("--zone", "Europe/Atlantis", "--time", "iso"): "is no zone that this machine knows",
    ("--zone", "UTC"): "add --time iso or --time date",
    ("--cents", "--decimal-comma"): "leave one out",
    ("--ignore", "caf\udce9"): "the options must be UTF-8",
}


@pytest.mark.parametrize(("options", "reason"), WRONG_OPTIONS.items())
def test_options_that_are_refused(app: APIFlask, tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    done = run(app, given(tmp_path, "user_id,t,type,amount\n"), *options)
    assert done.exit_code == 2
    assert reason in done.output
