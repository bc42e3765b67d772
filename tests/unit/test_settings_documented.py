"""Every setting is documented and is in the example file."""

import re
from pathlib import Path

import pytest

from app.config import SPARE_CONNECTIONS, Settings, read_settings
from tests.settings import settings_with


@pytest.mark.parametrize("name", [field.upper() for field in Settings.__dataclass_fields__])
@pytest.mark.parametrize("place", ["docs/settings.md", ".env.example"])
def test_every_setting_is_explained(name: str, place: str) -> None:
    assert re.search(rf"\b{name}\b", Path(place).read_text())


EXAMPLE = dict(re.findall(r"^([A-Z_]+)=(.*)$", Path(".env.example").read_text(), re.MULTILINE))


def test_the_example_sets_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """So copying it changes nothing."""
    for name in EXAMPLE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1/x")
    assert read_settings(Path(".env.example")) == read_settings(tmp_path / "none")


@pytest.mark.parametrize("name", EXAMPLE)
def test_the_page_names_the_same_defaults(name: str) -> None:
    [row] = [row for row in Path("docs/settings.md").read_text().splitlines() if re.match(rf"\| [^|]*`{name}`", row)]
    names, defaults, *_ = (re.findall(r"`([^`]*)`", cell) for cell in row.split("|")[1:])
    assert not EXAMPLE[name] or defaults[names.index(name)] == EXAMPLE[name]


FORMULA = re.compile(r"WEB_THREADS`? *\+ *`?READ_THREADS`? *\+ *(\d+)")
TELLERS = [*Path("docs").rglob("*.md"), *Path("docs/monitoring").iterdir(), *Path("deploy").rglob("*")]


def test_the_pool_size_is_documented_once_and_correctly() -> None:
    shown = {path: FORMULA.findall(path.read_text()) for path in TELLERS if path.is_file()}
    assert {path: numbers for path, numbers in shown.items() if numbers} == {
        Path("docs/settings.md"): [str(SPARE_CONNECTIONS)] * 2
    }
    assert settings_with(web_threads=4, read_threads=2).pool_size == 4 + 2 + SPARE_CONNECTIONS
