"""The form of a file: which column is what, and how its values are written; from strings to the values of an event."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from app.intake.domain import FieldFault, ImportRefused, printable
from app.intake.times import TimeForm, time_reader, whole
from app.rules.event import EventType, parse_event_id
from app.rules.limits import AMOUNT

REQUIRED = ("user_id", "t", "type", "amount")
FIELDS = (*REQUIRED, "event_id", "currency")
OTHER_NAMES = {"time": "t"}  # as in requests (A10)
PLAIN_TYPES: Mapping[str, str] = {kind.value: kind.value for kind in EventType}
IGNORED = ""  # in place of a type: lines that are left out

_amount = re.compile(AMOUNT).fullmatch
_cents = re.compile(r"[0-9]{1,14}").fullmatch
AMOUNT_FORM = 'Must be a plain decimal such as "42.00": 1 to 12 digits, then at most 2 after a point'
HINTS = (
    ("-", "; a withdrawal is a positive amount of the type withdraw"),
    (",", "; --decimal-comma reads 42,00"),
    ("e", "; export amounts as text, not as floating point numbers"),
)

Parsed = tuple[int, int, str, str, str | None]  # user_id, t, type, amount, event_id
Parse = Callable[[Any], Parsed | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """How a file is written; by default as requests are.

    `columns`: our name to the file's; `ignored`: its columns that say nothing of the event; `types`: its word to ours.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    types: Mapping[str, str] = field(default_factory=lambda: PLAIN_TYPES)
    time: TimeForm = TimeForm.SECONDS
    zone: tzinfo | None = None
    cents: bool = False
    decimal_comma: bool = False
    currency: str | None = None

    def name_of(self, name: str) -> str:
        """Return the file's name of a field."""
        return self.columns.get(name, name)

    def fields_of(self, names: Iterable[str]) -> dict[str, str]:
        """Return which of these columns is which field; raises `ImportRefused` for one that is neither."""
        ours = {theirs: name for name, theirs in self.columns.items()}
        ours = {**{name: name for name in FIELDS if name not in self.columns}, **ours}
        if "t" not in self.columns:
            ours = {**OTHER_NAMES, **ours}
        given = [name for name in names if name not in self.ignored]
        if unknown := [name for name in given if name not in ours]:
            listed = ",".join(unknown)
            raise ImportRefused(
                f"what the columns {listed} mean is not known: name the fields, such as --map user_id={unknown[0]}, or "
                f"leave columns out: --ignore {listed}"
            )
        found = {name: ours[name] for name in given}
        if twice := sorted({name for name in found.values() if [ours[each] for each in given].count(name) > 1}):
            raise ImportRefused(f"more than one column is {twice[0]}: --map says which one is, --ignore leaves one out")
        if "currency" in found.values() and self.currency is None:
            raise ImportRefused(
                "the file has a currency, but all amounts are taken as one: --currency EUR refuses lines of another, "
                "--ignore leaves the column out"
            )
        return found

    def of_header(self, header: Sequence[str], id_of: Callable[[str], int] | None) -> Parse:
        """Return the function that parses a line of a CSV with these columns; raises `ImportRefused`."""
        found = {name: column for column, name in self.fields_of(header).items()}
        if missing := [name for name in REQUIRED if name not in found]:
            raise ImportRefused(
                f"the first line names no column {', '.join(missing)}: say which one is, such as "
                f"--map {','.join(f'{name}=COLUMN' for name in missing)} (the file has {', '.join(header)})"
            )
        user, t, kind, amount, event_id, currency = (
            header.index(found[name]) if name in found else None for name in FIELDS
        )
        parse = LineParser(self, id_of).parse

        def parse_values(values: Sequence[str]) -> Parsed | None:
            return parse(
                values[user],  # type: ignore[index]  # a required one
                values[t],  # type: ignore[index]
                values[kind],  # type: ignore[index]
                values[amount],  # type: ignore[index]
                (values[event_id] or None) if event_id is not None else None,
                values[currency] if currency is not None else None,
            )

        return parse_values

    def of_members(self, id_of: Callable[[str], int] | None) -> Parse:
        """Return the function that parses the members of a JSON object."""
        parse, numbers, is_mapped = LineParser(self, id_of).parse, self.time in _NUMBERS, id_of is not None
        known: dict[frozenset[str], dict[str, str]] = {}

        def parse_members(members: Mapping[str, Any]) -> Parsed | None:
            names = frozenset(members)
            if names not in known:
                known[names] = self._fields_of_members(names)
            given = {known[names][name]: value for name, value in members.items() if name in known[names]}
            return parse(
                _string(given["user_id"], "user_id", number=not is_mapped, string=is_mapped),
                _string(given["t"], "t", number=numbers, string=not numbers),
                _string(given["type"], "type", number=False, string=True),
                _string(given["amount"], "amount", number=True, string=True),
                _string(given["event_id"], "event_id", number=False, string=True) if "event_id" in given else None,
                _string(given["currency"], "currency", number=False, string=True) if "currency" in given else None,
            )

        return parse_members

    def _fields_of_members(self, names: frozenset[str]) -> dict[str, str]:
        try:
            found = self.fields_of(sorted(names))
        except ImportRefused as error:
            raise FieldFault("", str(error)) from None
        if missing := [self.name_of(name) for name in REQUIRED if name not in found.values()]:
            raise FieldFault(missing[0], "Missing.")
        return found


_NUMBERS = frozenset({TimeForm.SECONDS, TimeForm.MILLISECONDS, TimeForm.MICROSECONDS})


def _string(value: object, name: str, *, number: bool, string: bool) -> str:
    """Return what a JSON value says as a string, if it is of a type that the field takes."""
    if type(value) is int and number:
        return str(value)
    if isinstance(value, str) and (string or number) and (string or type(value) is not str):
        return str(value)
    raise FieldFault(name, "Must be a JSON integer." if number and not string else "Must be a JSON string.")


class LineParser:
    """Parses the strings of a line. `id_of` returns the integer of a player's name, if players have names."""

    def __init__(self, form: FileForm, id_of: Callable[[str], int] | None) -> None:
        self._types, self._currency = form.types, form.currency
        self._id_of = id_of
        self._time = time_reader(form.time, form.zone)
        self._cents, self._decimal_comma = form.cents, form.decimal_comma

    def parse(  # noqa: PLR0913, PLR0917  # the fields; by name they would cost every line more
        self, user: str, t: str, kind: str, amount: str, event_id: str | None, currency: str | None
    ) -> Parsed | None:
        """Return the values of an event, None if its type is left out; raises `FieldFault`."""
        stored_type = self._types.get(kind)
        if stored_type is None:
            named = ", ".join(self._types)
            raise FieldFault(
                "type", f"Must be one of {named}; --type deposit=WORD,withdraw=WORD,ignore=WORD names more."
            )
        if stored_type == IGNORED:
            return None
        if currency is not None and currency != self._currency:
            raise FieldFault("currency", f"Must be {self._currency}: convert the amount.")
        if event_id is not None:
            self._check_id(event_id)
        return self._player(user), self._time(t), stored_type, self._amount(amount), event_id

    def _player(self, user: str) -> int:
        if self._id_of is not None:
            if not user:
                raise FieldFault("user_id", "Must not be empty.")
            if printable(user) != user:
                raise FieldFault("user_id", "Must not have characters that cannot be printed.")
            return self._id_of(user)
        try:
            return whole(user, "user_id", 1)
        except FieldFault as fault:
            hint = " --players FILE.csv gives other ids a number." if user else ""
            raise FieldFault("user_id", fault.reason + hint) from None

    def _check_id(self, event_id: str) -> None:
        try:
            parse_event_id(event_id)
        except ValueError:
            raise FieldFault(
                "event_id", 'Must be 1 to 64 letters, digits, ".", "_", ":" or "-", first a letter or a digit.'
            ) from None

    def _amount(self, text: str) -> str:
        if self._cents:
            if not _cents(text):
                raise FieldFault("amount", "Must be a whole number of cents, of at most 14 digits.")
            amount = f"{text[:-2] or '0'}.{text[-2:]:0>2}"
        else:
            amount = text.replace(",", ".") if self._decimal_comma and "." not in text else text
            if not _amount(amount):
                hint = next((hint for sign, hint in HINTS if sign in text.lower()), "")
                raise FieldFault("amount", f"{AMOUNT_FORM}{hint}.")
        if not amount.strip("0."):
            raise FieldFault("amount", "Must be above zero.")
        return amount
