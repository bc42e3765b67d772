"""Rules as plain mappings, the form in which people and tables hold them; each parameter is checked on parsing.

A rule that could fail at an event does not parse, so it can never be saved.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any, ClassVar, cast

from apiflask import Schema
from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from app.players.schemas import GroupSet
from app.rules.event import MONEY_TYPES, EventType, parse_amount
from app.rules.history import NO_GROUPS
from app.rules.kinds import KINDS
from app.rules.limits import AMOUNT, AMOUNT_BELOW, MAX_CODE
from app.rules.meaning import INDICATORS, Indicator, Strength
from app.rules.parameters import Parameter, Sort, parameters_of
from app.rules.rule import Rule
from app.rules.spans import Unit, zone_names
from lib.fields import BIGINT_MAX, Line, one_of
from lib.json_requests import MAX_NAMED, printable

MAX_RULES = 100
MAX_NAME, MAX_DESCRIPTION, MAX_GUIDANCE = 100, 500, 500  # characters


class Amount(fields.Field[Decimal]):
    """An amount of money that a rule compares with: exact, not negative."""

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
            return parse_amount(value)
        except ValueError:
            raise self.make_error("invalid") from None

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str:  # noqa: ANN401  # as above
        return f"{value:.2f}"


def enum_field(kinds: Sequence[StrEnum], **more: Any) -> fields.Enum[StrEnum]:  # noqa: ANN401  # as above
    """Return a field for one of these values of an enum."""
    more["metadata"] = {"type": "string", "enum": [str(each) for each in kinds], **more.get("metadata", {})}
    only = validate.OneOf(kinds, error=one_of(kinds))
    return fields.Enum(type(kinds[0]), by_value=True, error_messages={"unknown": one_of(kinds)}, validate=only, **more)


def evaluated_on() -> fields.List[StrEnum]:
    """Return the field for the types of event on which a rule is evaluated."""
    description = "the types of event that trigger an evaluation of the rule; by default deposit and withdraw"
    return fields.List(
        enum_field(tuple(EventType)), validate=validate.Length(1, len(EventType)), metadata={"description": description}
    )


ZONE = "^[A-Za-z][A-Za-z0-9_+/-]*$"  # the form of all names, which are too many to list


class Zone(fields.String):
    """The name of a time zone."""

    default_error_messages = {  # noqa: RUF012  # as above
        "unknown": "Must be the IANA name of a time zone such as Europe/Amsterdam."
    }

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:  # noqa: ANN401  # as above
        if type(value) is not str or value not in zone_names():
            raise self.make_error("unknown")
        return value


def groups_field(description: str) -> GroupSet:
    """Return a field for groups of players."""
    return GroupSet(least=1, metadata={"description": description})


class RuleForm(Schema):
    """The fields of every rule; `form_of` adds the parameters of a kind."""

    makes: ClassVar[type[Rule]]

    code = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, MAX_CODE),
        metadata={"description": "the code that is answered; unique in an edition"},
    )
    kind = fields.String(required=True)
    name = Line(longest=MAX_NAME, required=True)
    description = Line(longest=MAX_DESCRIPTION, required=True)
    indicator = fields.Enum(
        Indicator,
        by_value=True,
        error_messages={"unknown": 'Must be one letter from "a" to "g".'},
        metadata={"type": "string", "description": f"the marker of harm that the rule looks for: {INDICATORS}"},
    )
    strength = fields.Enum(
        Strength,
        by_value=True,
        error_messages={"unknown": 'Must be "normal" or "strong".'},
        metadata={"type": "string", "description": "how much an alert says by itself; by default normal"},
    )
    guidance = Line(longest=MAX_GUIDANCE, metadata={"description": "what to do about an alert, for people"})

    @validates_schema
    def choose_one(self, members: Mapping[str, Any], **_: Any) -> None:  # noqa: ANN401  # as above
        """Refuse parameters that are not exactly one of the kind's alternatives."""
        alternatives = self.makes.alternatives
        given = [name for names in alternatives for name in names if name in members]
        if alternatives and tuple(given) not in map(tuple, alternatives):
            chosen = next((names for names in alternatives if given and given[0] in names), alternatives[0])
            wrong = next((name for name in (*given, *chosen) if (name in chosen) != (name in given)), chosen[0])
            raise ValidationError(f"Give either {' or '.join(map(_together, alternatives))}.", wrong)

    @post_load
    def to_rule(self, members: dict[str, Any], **_: Any) -> Rule:  # noqa: ANN401  # marshmallow's own form
        """Make the domain's value."""
        members.pop("kind")
        members["evaluated_on"] = frozenset(members.get("evaluated_on", MONEY_TYPES))
        if both := members.get("groups", NO_GROUPS) & members.get("except_groups", NO_GROUPS):
            raise ValidationError(f"Must not name what groups names too: {', '.join(sorted(both))}.", "except_groups")
        return self.makes(**members)


OF_GROUPS = {
    "groups": groups_field("only players in any of these groups meet the rule; by default all players"),
    "except_groups": groups_field("players in any of these groups do not meet the rule"),
}


def _together(names: Sequence[str]) -> str:
    return " with ".join(names)


def form_of(kind: type[Rule]) -> RuleForm:
    """Make the form of a kind of rule from the parameters that it declares; types of event come first."""
    declared = {name: (parameter.sort, field_of(parameter)) for name, parameter in parameters_of(kind).items()}
    types, others = (
        {name: field for name, (sort, field) in declared.items() if (sort is Sort.EVENT_TYPE) is of_types}
        for of_types in (True, False)
    )
    form = RuleForm.from_dict({**types, "evaluated_on": evaluated_on(), **others, **OF_GROUPS}, name=kind.__name__)
    form.makes = kind  # type: ignore[attr-defined]  # marshmallow says no more than that it is a schema
    return cast("RuleForm", form())


def field_of(parameter: Parameter) -> fields.Field[Any]:
    """Return the field that parses, checks, writes and documents a parameter."""
    metadata = {"description": parameter.description} if parameter.description else {}
    match parameter.sort:
        case Sort.EVENT_TYPE:
            return enum_field(parameter.types, required=True, metadata=metadata)
        case Sort.PERIOD:
            return enum_field(tuple(Unit), metadata=metadata)
        case Sort.ZONE:
            return Zone(metadata={"pattern": ZONE, **metadata})
        case Sort.AMOUNT:
            return Amount(description=parameter.description, required=True)
        case Sort.COUNT | Sort.SECONDS:
            within = validate.Range(parameter.least, parameter.greatest)
            return fields.Integer(required=parameter.required, strict=True, validate=within, metadata=metadata)


FORMS: Mapping[str, RuleForm] = {name: form_of(kind) for name, kind in KINDS.items()}
Errors = dict[str, list[str]]
# What a rule without a meaning has, which is not written, so that editions from before rules had one read back equal.
UNWRITTEN: Mapping[str, object] = {"strength": Strength.NORMAL}


class InvalidRules(Exception):
    """Rules that cannot be saved; `errors` says for each rule and field what is wrong, up to `MAX_NAMED` of them."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        self.errors = dict(islice(errors.items(), MAX_NAMED))
        self.lines = [f"{where}: {' '.join(messages)}" for where, messages in self.errors.items()]
        if len(errors) > MAX_NAMED:
            self.lines.append(f"and {len(errors) - MAX_NAMED} more")
        super().__init__("; ".join(self.lines))


def parse_rules(plain: object) -> tuple[Rule, ...]:
    """Parse the rules of an edition; returns them by code.

    Raises `InvalidRules`, which names every rule and field that cannot be parsed.
    """
    return in_order(*parse_each(plain))


def in_order(rules: Mapping[str, Rule], errors: Errors) -> tuple[Rule, ...]:
    """Return the rules by code; raises `InvalidRules` if there are errors."""
    if errors:
        raise InvalidRules(errors)
    return tuple(sorted(rules.values(), key=lambda rule: rule.code))


def parse_each(plain: object) -> tuple[dict[str, Rule], Errors]:
    """Return the rules that can be parsed, by the names that errors use, and what is wrong with the others."""
    if not isinstance(plain, list) or not 1 <= len(plain) <= MAX_RULES:
        raise InvalidRules({"rules": [f"Must be a list of 1 to {MAX_RULES} rules."]})
    rules: dict[str, Rule] = {}
    errors = _duplicate_codes([_code_of(each) for each in plain])
    for name, each in zip(names_of(plain), plain, strict=True):
        try:
            rules[name] = _parse_rule(each)
        except ValidationError as error:
            errors |= _named(name, error)
    return rules, errors


def _code_of(plain: object) -> int | None:
    code = plain.get("code") if isinstance(plain, dict) else None
    return code if type(code) is int and abs(code) <= BIGINT_MAX else None


def names_of(plain: Sequence[object]) -> list[str]:
    """Name each rule as errors do: by its code, with its position if the code is missing or not unique."""
    codes = [_code_of(each) for each in plain]
    places = [f"no. {place}" for place in range(1, len(codes) + 1)]
    return [
        f"rule {place}" if code is None else f"rule {code} ({place})" if codes.count(code) > 1 else f"rule {code}"
        for code, place in zip(codes, places, strict=True)
    ]


def _duplicate_codes(codes: Sequence[int | None]) -> Errors:
    twice = [code for code, times in Counter(codes).items() if code is not None and times > 1]
    return {f"rule {code}, code": ["Is given to more than one rule."] for code in twice}


def _parse_rule(plain: object) -> Rule:
    if not isinstance(plain, dict):
        raise ValidationError("Must hold the parameters of a rule.", "rule")
    kind = plain.get("kind")
    form = FORMS.get(kind) if isinstance(kind, str) else None
    if form is None:
        raise ValidationError(f"Must be one of {', '.join(FORMS)}.", "kind")
    return cast("Rule", form.load(plain))


def _named(rule: str, error: ValidationError) -> Errors:
    messages = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
    return {f"{rule}, {printable(field)}": list(dict.fromkeys(_flat(found))) for field, found in messages.items()}


def _flat(messages: Any) -> list[str]:  # noqa: ANN401  # a list, or lists by the positions in a list
    if isinstance(messages, dict):
        return [each for inner in messages.values() for each in _flat(inner)]
    return [str(each) for each in messages]


def format_rules(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return rules as mappings that can be parsed again."""
    return [_format_rule(rule) for rule in rules]


def _format_rule(rule: Rule) -> dict[str, Any]:
    members = cast("dict[str, Any]", FORMS[rule.kind].dump(rule))
    members["evaluated_on"] = sorted(rule.evaluated_on)
    written = {
        name: each
        for name, each in members.items()
        if each is not None and each != UNWRITTEN.get(name) and (each or name not in OF_GROUPS)
    }
    return {"code": written.pop("code"), "kind": rule.kind, **written}
