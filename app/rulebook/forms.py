"""Rules as people and tables write them: to and from plain mappings, each parameter checked before it is saved.

What could fail at an event cannot be read here, so it can never be saved.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, ClassVar, cast

from apiflask import Schema
from marshmallow import ValidationError, fields, post_load, validate

from app.rules.event import BOTH_TYPES, EventType, read_amount
from app.rules.kinds import KINDS
from app.rules.limits import AMOUNT, AMOUNT_BELOW, MAX_CODE
from app.rules.parameters import Parameter, Sort, parameters_of
from app.rules.rule import Rule
from lib.fields import BIGINT_MAX, Line
from lib.json_requests import MAX_NAMED, shown

MOST_RULES = 100
LONGEST_NAME, LONGEST_DESCRIPTION = 100, 500  # characters


class Amount(fields.Field[Decimal]):
    """An amount of money that a rule compares with: exact, zero or more."""

    default_error_messages = {  # noqa: RUF012  # marshmallow's own form
        "invalid": 'Must be a plain decimal such as "200.00": 1 to 12 digits, then at most 2 after a point.'
    }

    def __init__(self, *, description: str, **more: Any) -> None:  # noqa: ANN401  # marshmallow's own form
        super().__init__(**more)
        self.metadata = {
            "type": ["string", "number"],
            "pattern": f"^{AMOUNT}$",
            "minimum": 0,
            "exclusiveMaximum": AMOUNT_BELOW,
            "description": f"{description}; exact, with at most 2 digits after the point",
        }

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Decimal:  # noqa: ANN401  # as above
        try:
            return read_amount(value)
        except ValueError:
            raise self.make_error("invalid") from None

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str:  # noqa: ANN401  # as above
        return f"{value:.2f}"


def a_type(**more: Any) -> fields.Enum[EventType]:  # noqa: ANN401  # marshmallow's own form
    """Return a field for a type of event."""
    more["metadata"] = {"type": "string", **more.get("metadata", {})}
    return fields.Enum(EventType, by_value=True, error_messages={"unknown": 'Must be "deposit" or "withdraw".'}, **more)


def evaluated_on() -> fields.List[EventType]:
    """Return the field for the types of event on which a rule is evaluated."""
    told = "at which events the rule is evaluated at all; left out: at every event"
    return fields.List(a_type(), validate=validate.Length(1, len(EventType)), metadata={"description": told})


class RuleForm(Schema):
    """What every rule has; `form_of` adds the parameters of a kind."""

    makes: ClassVar[type[Rule]]

    code = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, MAX_CODE),
        metadata={"description": "what is answered; once a book"},
    )
    kind = fields.String(required=True)
    name = Line(longest=LONGEST_NAME, required=True)
    description = Line(longest=LONGEST_DESCRIPTION, required=True)

    @post_load
    def to_rule(self, members: dict[str, Any], **_: Any) -> Rule:  # noqa: ANN401  # marshmallow's own form
        """Make the domain's value."""
        members.pop("kind")
        members["evaluated_on"] = frozenset(members.get("evaluated_on", BOTH_TYPES))
        return self.makes(**members)


def form_of(kind: type[Rule]) -> RuleForm:
    """Make the form of a kind of rule from the parameters that it declares; types of event stand first."""
    declared = {name: (parameter.sort, field_of(parameter)) for name, parameter in parameters_of(kind).items()}
    types, others = (
        {name: field for name, (sort, field) in declared.items() if (sort is Sort.EVENT_TYPE) is of_types}
        for of_types in (True, False)
    )
    form = RuleForm.from_dict({**types, "evaluated_on": evaluated_on(), **others}, name=kind.__name__)
    form.makes = kind  # type: ignore[attr-defined]  # marshmallow says no more than that it is a schema
    return cast("RuleForm", form())


def field_of(parameter: Parameter) -> fields.Field[Any]:
    """Return the field that reads, checks, writes and documents a parameter."""
    told = {"description": parameter.description} if parameter.description else {}
    match parameter.sort:
        case Sort.EVENT_TYPE:
            return a_type(required=True, metadata=told)
        case Sort.AMOUNT:
            return Amount(description=parameter.description, required=True)
        case Sort.COUNT | Sort.SECONDS:
            within = validate.Range(parameter.least, parameter.greatest)
            return fields.Integer(required=True, strict=True, validate=within, metadata=told)


FORMS: Mapping[str, RuleForm] = {name: form_of(kind) for name, kind in KINDS.items()}
Errors = dict[str, list[str]]


class InvalidRules(Exception):
    """Rules that cannot be saved; `errors` says for each rule and field what is wrong, as far as a reader goes."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        self.errors = dict(islice(errors.items(), MAX_NAMED))
        self.lines = [f"{where}: {' '.join(messages)}" for where, messages in self.errors.items()]
        if len(errors) > MAX_NAMED:
            self.lines.append(f"and {len(errors) - MAX_NAMED} more")
        super().__init__("; ".join(self.lines))


def read_rules(written: object) -> tuple[Rule, ...]:
    """Read the rules of an edition, by code ascending.

    Raises `InvalidRules`, which names every rule and field that cannot be read.
    """
    return in_order(*read_each(written))


def in_order(rules: Mapping[str, Rule], errors: Errors) -> tuple[Rule, ...]:
    """Return the rules by code ascending; raises `InvalidRules` where there are errors."""
    if errors:
        raise InvalidRules(errors)
    return tuple(sorted(rules.values(), key=lambda rule: rule.code))


def read_each(written: object) -> tuple[dict[str, Rule], Errors]:
    """Return the rules that can be read, by what errors call them, and what is wrong with the others."""
    if not isinstance(written, list) or not 1 <= len(written) <= MOST_RULES:
        raise InvalidRules({"rules": [f"Must be a list of 1 to {MOST_RULES} rules."]})
    rules: dict[str, Rule] = {}
    codes = [_code_of(each) for each in written]
    errors = _codes_given_twice(codes)
    for name, each in zip(_names(codes), written, strict=True):
        try:
            rules[name] = _read_rule(each)
        except ValidationError as error:
            errors |= _named(name, error)
    return rules, errors


def _code_of(written: object) -> int | None:
    code = written.get("code") if isinstance(written, dict) else None
    return code if type(code) is int and abs(code) <= BIGINT_MAX else None


def _names(codes: Sequence[int | None]) -> list[str]:
    """Name each rule: by its code, and by its place where it has none, or one that another has."""
    places = [f"no. {place}" for place in range(1, len(codes) + 1)]
    return [
        f"rule {place}" if code is None else f"rule {code} ({place})" if codes.count(code) > 1 else f"rule {code}"
        for code, place in zip(codes, places, strict=True)
    ]


def _codes_given_twice(codes: Sequence[int | None]) -> Errors:
    twice = [code for code, times in Counter(codes).items() if code is not None and times > 1]
    return {f"rule {code}, code": ["Is given to more than one rule."] for code in twice}


def _read_rule(written: object) -> Rule:
    if not isinstance(written, dict):
        raise ValidationError("Must hold the parameters of a rule.", "rule")
    kind = written.get("kind")
    form = FORMS.get(kind) if isinstance(kind, str) else None
    if form is None:
        raise ValidationError(f"Must be one of {', '.join(FORMS)}.", "kind")
    return cast("Rule", form.load(written))


def _named(rule: str, error: ValidationError) -> Errors:
    messages = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
    return {f"{rule}, {shown(field)}": list(dict.fromkeys(_flat(said))) for field, said in messages.items()}


def _flat(said: Any) -> list[str]:  # noqa: ANN401  # lists, and tables of lists for the places of a list
    if isinstance(said, dict):
        return [each for inner in said.values() for each in _flat(inner)]
    return [str(each) for each in said]


def written_rules(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Write rules as they can be read again."""
    return [_written_rule(rule) for rule in rules]


def _written_rule(rule: Rule) -> dict[str, Any]:
    members = cast("dict[str, Any]", FORMS[rule.kind].dump(rule))
    members["evaluated_on"] = sorted(rule.evaluated_on)
    return {"code": members.pop("code"), "kind": rule.kind, **members}
