"""What pages call the states and steps of editions, and how they write rules and their differences."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.rulebook.domain import Edition, Status, Step
from app.rulebook.forms import format_rules
from app.rulebook.rule_fields import RuleField, fields_of, labelled
from app.rulebook.typed import typed_of
from app.rules.kinds import KINDS
from app.rules.meaning import WORDS
from app.rules.rule import Rule
from app.rules.wording import NOUNS

STATUS = {
    Status.DRAFT: ("Draft", "neutral"),
    Status.SHADOW: ("Shadow", "info"),
    Status.LIVE: ("Live", "ok"),
    Status.RETIRED: ("Retired", "neutral"),
}
STEP = {
    Step.DRAFTED: "Drafted",
    Step.SHADOWED: "Shadow started",
    Step.DISPLACED: "Shadow stopped: a draft again",
    Step.PUBLISHED: "Published",
    Step.RETIRED: "Retired",
    Step.SHED: "Shadow stopped by the service",
    Step.DELETED: "Deleted",
}
KIND_NAMES = [(name, name.replace("_", " ").capitalize()) for name in KINDS]


@dataclass(frozen=True, slots=True)
class Line:
    """A field of a rule in two editions; "" where one has nothing in it."""

    label: str
    before: str
    after: str

    @property
    def is_changed(self) -> bool:
        """Whether it differs."""
        return self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A rule in two editions, line by line; `change` says what happened to it, with the kind of its badge."""

    code: int
    name: str
    change: tuple[str, str] | None
    lines: Sequence[Line]


def kind_name(kind: str) -> str:
    """Return what pages call a kind of rule."""
    return kind.replace("_", " ").capitalize()


def kind_meaning(kind: str) -> str:
    """Return when a rule of a kind is met, as a sentence."""
    return f"Met when {labelled(kind, KINDS[kind].meaning)}."


def condition(rule: Rule) -> str:
    """Return what a rule asks for, as a sentence begins."""
    return f"{rule.condition[:1].upper()}{rule.condition[1:]}"


def evaluated_on(rule: Rule) -> str:
    """Return the events at which a rule is looked at."""
    return ", ".join(sorted(NOUNS[each] for each in rule.evaluated_on))


def indicator(rule: Rule) -> str:
    """Return the marker of harm that a rule looks for, "" for none."""
    return f"{rule.indicator.value}: {WORDS[rule.indicator]}" if rule.indicator else ""


def side_by_side(old: Edition, new: Edition) -> list[Beside]:
    """Return the rules of two editions beside each other, by code; those that differ come first."""
    before, after = ({rule.code: rule for rule in edition.rules} for edition in (old, new))
    found = [_beside(before.get(code), after.get(code)) for code in sorted(before.keys() | after.keys())]
    return sorted(found, key=lambda each: each.change is None)


def _beside(old: Rule | None, new: Rule | None) -> Beside:
    some = new or old
    assert some is not None  # noqa: S101  # the code is of one of the two
    one, other = (_written(rule) if rule else {} for rule in (old, new))
    lines = [Line(label, one.get(label, ""), other.get(label, "")) for label in {**one, **other}]
    is_changed = any(line.is_changed for line in lines)
    kind = "New" if old is None else "Gone" if new is None else "Changed" if is_changed else ""
    badge = {"New": ("New", "ok"), "Gone": ("Gone", "danger"), "Changed": ("Changed", "warning")}.get(kind)
    return Beside(code=some.code, name=some.name, change=badge, lines=lines)


def _written(rule: Rule) -> dict[str, str]:
    """Return the fields of a rule by label, as people read them."""
    [plain] = format_rules([rule])
    typed = typed_of(plain)
    fields = {field.label: _shown(field, typed[field.name]) for field in fields_of(rule.kind) if field.name in typed}
    return {"Kind": kind_name(rule.kind), **fields}


def _shown(field: RuleField, texts: Sequence[str]) -> str:
    names = dict(field.choices)
    return ", ".join(names.get(text, text) for text in texts)
