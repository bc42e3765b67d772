"""Numbers in paths: which ones a route takes, and what the OpenAPI document says of them."""

from collections.abc import Callable
from typing import Any, TypeVar

from apiflask import Schema
from apiflask.scaffold import APIScaffold
from werkzeug.routing import IntegerConverter

View = TypeVar("View", bound=Callable[..., Any])


class PlainInteger(IntegerConverter):
    """A whole number as one writes it: ASCII digits only and no zero in front, so that each has one path."""

    regex = "(?:0|[1-9][0-9]*)"


def describes_path(scaffold: APIScaffold, schema: type[Schema]) -> Callable[[View], View]:
    """Have the document describe the parameters of a view's path by a schema; the router has read them already."""

    def describe(view: View) -> View:
        # What APIFlask returns would read the path once more; only what it notes down about the view is wanted.
        noted: Any = scaffold.input(schema, location="path", validation=False)(view)
        view._spec = noted._spec  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way to it
        return view

    return describe
