"""Numbers in paths: which ones a route accepts, and how the OpenAPI document describes them."""

from collections.abc import Callable
from typing import Any, TypeVar

from apiflask import Schema
from apiflask.scaffold import APIScaffold
from werkzeug.routing import IntegerConverter

_View = TypeVar("_View", bound=Callable[..., Any])


class PlainInteger(IntegerConverter):
    """A whole number in ASCII digits without leading zeros, so that every number has exactly one path."""

    regex = "(?:0|[1-9][0-9]*)"


def describes_path(scaffold: APIScaffold, schema: type[Schema]) -> Callable[[_View], _View]:
    """Return a decorator: the document describes the parameters of the view's path by this schema.

    The schema validates nothing; the router has converted the parameters already.
    """

    def describe(view: _View) -> _View:
        # APIFlask's wrapper would read the path again at every request; only its notes for the document are needed.
        wrapped: Any = scaffold.input(schema, location="path", validation=False)(view)
        view._spec = wrapped._spec  # type: ignore[attr-defined]  # noqa: SLF001  # APIFlask has no public way
        return view

    return describe
