"""logs: the last fifty lines, then what comes."""

from pathlib import Path

import pytest

from lib.local.terminal import tail, tail_begins


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 20_000])
def test_a_log_is_shown_from_its_last_fifty_lines(tmp_path: Path, count: int) -> None:
    lines = [f"line {number}: é\n" for number in range(count)]
    path = tmp_path / "log"
    path.write_text("".join(lines))
    with path.open() as file:
        file.seek(tail_begins(path, 50))
        assert file.readlines() == lines[-50:]
    assert tail(path, 50) == [line.rstrip() for line in lines[-50:]]
