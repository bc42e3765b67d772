"""The rules of the contract, as the migration writes them."""

import runpy
from pathlib import Path

from app.rulebook.forms import parse_rules

MIGRATION = Path(__file__).parents[1] / "migrations/versions/0004_rule_book_and_alerts.py"
WRITTEN = runpy.run_path(str(MIGRATION))["EDITION_1"]
RULES = parse_rules(WRITTEN)
