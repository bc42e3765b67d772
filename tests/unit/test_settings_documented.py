"""Every setting is explained, and can be copied from the example."""

import re
from pathlib import Path

import pytest

from app.config import SPARE_CONNECTIONS, Settings
from tests.integration.conftest import settings_with


@pytest.mark.parametrize("name", [field.upper() for field in Settings.__dataclass_fields__])
@pytest.mark.parametrize("place", ["docs/settings.md", ".env.example"])
def test_every_setting_is_explained(name: str, place: str) -> None:
    assert re.search(rf"\b{name}\b", Path(place).read_text())


FORMULA = re.compile(r"WEB_THREADS`? *\+ *`?READ_THREADS`? *\+ *(\d+)")
TELLERS = [*Path("docs").rglob("*.md"), *Path("docs/monitoring").iterdir(), *Path("deploy").rglob("*")]


def test_the_size_of_the_pool_is_told_in_one_place_and_as_it_is() -> None:
    told = {path: FORMULA.findall(path.read_text()) for path in TELLERS if path.is_file()}
    assert {path: numbers for path, numbers in told.items() if numbers} == {
        Path("docs/settings.md"): [str(SPARE_CONNECTIONS)] * 2
    }
    assert settings_with(web_threads=4, read_threads=2).pool_size == 4 + 2 + SPARE_CONNECTIONS
