"""The fields in which people type a rule, from what its kind declares.

No kind is known here: a new one has its fields as soon as it declares its parameters.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.rulebook.forms import MAX_DESCRIPTION, MAX_GUIDANCE, MAX_NAME, OF_GROUPS
from app.rules.event import EventType
from app.rules.kinds import KINDS
from app.rules.meaning import WORDS, Strength
from app.rules.parameters import Parameter, Sort, parameters_of
from app.rules.spans import Unit
from app.rules.wording import NOUNS

Choices = Sequence[tuple[str, str]]
EXAMPLES = "such as 30 s, 10 min, 24 h or 7 d"


class Widget(StrEnum):
    """How a field is typed."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    LENGTH = "length"
    CHOICE = "choice"
    TICKS = "ticks"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleField:
    """A field of a rule's form; `longest` in characters, 0 without a limit."""

    name: str
    label: str
    widget: Widget
    hint: str = ""
    choices: Choices = ()
    is_optional: bool = False
    longest: int = 0


WIDGETS = {
    Sort.EVENT_TYPE: Widget.CHOICE,
    Sort.AMOUNT: Widget.NUMBER,
    Sort.COUNT: Widget.NUMBER,
    Sort.SECONDS: Widget.LENGTH,
    Sort.PERIOD: Widget.CHOICE,
    Sort.ZONE: Widget.LINE,
}
LABELS = {
    Sort.EVENT_TYPE: "Type of event",
    Sort.SECONDS: "Rolling window",
    Sort.PERIOD: "Calendar period",
    Sort.ZONE: "Time zone",
}
BEGINNING = (
    RuleField(
        name="code", label="Code", widget=Widget.NUMBER, hint="The number that alerts carry, its own in an edition."
    ),
    RuleField(name="name", label="Name", widget=Widget.LINE, longest=MAX_NAME),
    RuleField(name="description", label="Description", widget=Widget.TEXT, longest=MAX_DESCRIPTION),
)
TYPES: Choices = [(each.value, NOUNS[each].capitalize()) for each in EventType]
MEANING = (
    RuleField(
        name="indicator",
        label="Marker of harm",
        widget=Widget.CHOICE,
        choices=[("", "None"), *((each.value, f"{each.value}: {words}") for each, words in WORDS.items())],
        is_optional=True,
    ),
    RuleField(
        name="strength",
        label="Strength",
        widget=Widget.CHOICE,
        choices=[(each.value, each.value.capitalize()) for each in Strength],
        hint="A case with a strong alert is due within an hour.",
    ),
    RuleField(
        name="guidance",
        label="What to do about an alert",
        widget=Widget.TEXT,
        is_optional=True,
        longest=MAX_GUIDANCE,
    ),
)
GROUPS = tuple(
    RuleField(
        name=name,
        label={"groups": "Only customers in these groups", "except_groups": "Not customers in these groups"}[name],
        widget=Widget.LIST,
        hint="Separated by commas.",
        is_optional=True,
    )
    for name in OF_GROUPS
)


def fields_of(kind: str) -> Sequence[RuleField]:
    """Return the fields of a rule of this kind, one of `KINDS`, in the order of the form."""
    evaluated = RuleField(
        name="evaluated_on",
        label="Evaluated on",
        widget=Widget.TICKS,
        choices=TYPES,
        hint="The events at which the rule is looked at.",
    )
    return (*BEGINNING, *_parameters(kind), evaluated, *GROUPS, *MEANING)


def _parameters(kind: str) -> Iterator[RuleField]:
    labels = labels_of(kind)
    for name, each in parameters_of(KINDS[kind]).items():
        label = labels[name]
        yield RuleField(
            name=name,
            label=label,
            widget=WIDGETS[each.sort],
            hint=labelled(kind, _hint(each)) + _alternative(kind, name),
            choices=_choices(each),
            is_optional=not each.required,
        )


def labels_of(kind: str) -> dict[str, str]:
    """Return what the form of a kind calls its parameters: by their sort where that is clear, else by their name."""
    declared = parameters_of(KINDS[kind])
    sorts = [each.sort for each in declared.values()]
    return {
        name: (LABELS.get(each.sort) if sorts.count(each.sort) == 1 else None) or name.replace("_", " ").capitalize()
        for name, each in declared.items()
    }


def labelled(kind: str, text: str) -> str:
    """Return a text about a kind with its parameters by their labels, in place of their names in backticks."""
    labels = labels_of(kind)
    return re.sub(r"`(\w+)`", lambda found: f"“{labels[found[1]]}”" if found[1] in labels else found[1], text)


def _alternative(kind: str, name: str) -> str:
    """Say what may be given instead, beside the first parameter of the first alternative."""
    first, *others = KINDS[kind].alternatives or ((),)
    if name not in first[:1] or not others:
        return ""
    labels = labels_of(kind)
    together = ("” and “".join(labels[each] for each in names) for names in others)
    return f" Leave it empty to give “{'” or “'.join(together)}” instead."


def _choices(parameter: Parameter) -> Choices:
    if parameter.sort is Sort.PERIOD:
        return [("", "None"), *((unit.value, unit.value.capitalize()) for unit in Unit)]
    if parameter.sort is Sort.EVENT_TYPE:
        return [(each.value, NOUNS[each].capitalize()) for each in parameter.types]
    return ()


def _hint(parameter: Parameter) -> str:
    if parameter.sort is Sort.EVENT_TYPE:
        return ""
    told = parameter.description
    if parameter.sort is Sort.SECONDS:
        return f"A length {EXAMPLES}."
    return f"{told[:1].upper()}{told[1:]}." if told else f"From {parameter.least} to {parameter.greatest}."
