"""What a page shows of a form: what was typed, and what is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any

from werkzeug.datastructures import MultiDict

OF_THE_WHOLE = "_schema"  # marshmallow's name for messages that belong to no single field


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of a page; the macros of `console/macros/form.html.j2` take it first.

    `action` is the URL that it is posted to. `csrf` is the token of the session. `values` are shown in the fields: what
    was typed (`request.form`), or what is stored. `errors` are marshmallow's messages by field; those of the whole form
    are under `_schema`. `prefix` keeps the ids of two forms of one page apart. `form_id` is sent with the form, so that
    a double click is one step; keep it when the form is shown again.
    """

    action: str
    csrf: str
    values: MultiDict[str, str] = field(default_factory=MultiDict)
    errors: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = "f"
    form_id: str = field(default_factory=lambda: token_urlsafe(12))

    def id(self, name: str) -> str:
        """Return the id of a field's element."""
        return f"{self.prefix}-{name}"

    def messages(self, name: str) -> list[str]:
        """Return what is wrong with a field, [] if nothing is."""
        return list(_flat(self.errors.get(name, ())))

    def wrong(self) -> list[tuple[str, str]]:
        """Return all messages, each with the id of its field's element; those of the whole form have no id."""
        return [
            ("" if name == OF_THE_WHOLE else self.id(name), message)
            for name in self.errors
            for message in self.messages(name)
        ]


def _flat(messages: Any) -> Iterator[str]:  # noqa: ANN401  # a list, or a mapping by index of such
    if isinstance(messages, str):
        yield messages
        return
    for each in messages.values() if isinstance(messages, Mapping) else messages:
        yield from _flat(each)
