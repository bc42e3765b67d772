"""Every setting is explained, and can be copied from the example."""

import re
from pathlib import Path

import pytest

from app.config import Settings


@pytest.mark.parametrize("name", [field.upper() for field in Settings.__dataclass_fields__])
@pytest.mark.parametrize("place", ["docs/settings.md", ".env.example"])
def test_every_setting_is_explained(name: str, place: str) -> None:
    assert re.search(rf"\b{name}\b", Path(place).read_text())
