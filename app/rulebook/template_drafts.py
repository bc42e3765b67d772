"""What is drafted from a template: its rules alone, or beside those of an edition."""

from collections.abc import Sequence

from app.rulebook.domain import Edition
from app.rulebook.drafts import parse_draft
from app.rulebook.forms import InvalidRules, format_rules
from app.rulebook.queries import RuleBookQueries
from app.rulebook.template_files import template
from app.rulebook.toml import TomlDraft, parse_toml
from app.rules.rule import Rule
from lib.database import Database


def read_template(database: Database, name: str, *, add: bool, based_on: int | None = None) -> TomlDraft:
    """Return the rules of a template to draft, and their base; `add`: together with the rules of the base.

    Raises `NoSuchEdition`, and `InvalidRules` if a code is in both, or if the rules together are too many.
    """
    rules = parse_toml(template(name).toml).rules
    if not add:
        return TomlDraft(rules, based_on)
    with database.transaction() as current:
        book = RuleBookQueries(current)
        base = book.one(number) if (number := based_on or book.numbers_in_force().live) else None
    if base is None:
        return TomlDraft(rules, None)
    refuse_clashes(base, rules)
    return TomlDraft(parse_draft(format_rules([*base.rules, *rules])), base.edition)


def refuse_clashes(base: Edition, added: Sequence[Rule]) -> None:
    """Return if no rule has a code that the base has as well; raises `InvalidRules`, which names both."""
    names = {rule.code: rule.name for rule in base.rules}
    clashes = {
        f"rule {rule.code}, code": [
            f"Is that of “{names[rule.code]}” in edition {base.edition}; “{rule.name}” needs another one."
        ]
        for rule in added
        if rule.code in names
    }
    if clashes:
        raise InvalidRules(clashes)
