"""An apispec plugin that adds to the OpenAPI document what APIFlask leaves out: request ids and error responses.

Headers, parameters, schemas and error responses are components, registered once; the operations refer to them.
"""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from apiflask import APIFlask, Schema
from apispec import APISpec, BasePlugin

from lib import request_ids
from lib.problem_documents import HEADERS, SCHEMAS, name_of

Document = dict[str, Any]
View = Callable[..., Any]

BODY = "request_body"  # the attribute of a view that reads its body itself

_SERVERS = [{"url": "/", "description": "the service that this document was read from"}]
_REQUEST_ID = {"type": "string", "pattern": f"^{request_ids.WELL_FORMED.pattern}$"}
_REQUEST_ID_HEADER = {
    "description": "finds the request in the log: the caller's id, or a new one",
    "required": True,
    "schema": _REQUEST_ID,
}
_REQUEST_ID_PARAMETER = {
    "description": "the caller's id for this request; an invalid one is replaced by a new one",
    "schema": _REQUEST_ID,
}


def schema_name(schema: object) -> str:
    """Return the name of a schema in the document: "Event" for an `EventSchema`."""
    return type(schema).__name__.removesuffix("Schema")


def request_body(body: Document) -> Callable[[View], View]:
    """Declare the body of a view that reads it itself, and takes its slot when it has, in OpenAPI's form."""

    def declare(view: View) -> View:
        setattr(view, BODY, {**body, "required": True})
        return view

    return declare


class DocumentPlugin(BasePlugin):
    """Adds request ids, error responses, operation ids, and each schema's attribute `documented`.

    A service may override `init_spec` to add components, and `complete` to extend its operations. The plugin keeps no
    state of a document, so two threads may make one at the same time.
    """

    def __init__(self, app: APIFlask) -> None:
        self._app = app
        app.servers = _SERVERS
        app.schema_name_resolver = schema_name
        app.spec_plugins.append(self)

    def init_spec(self, spec: APISpec) -> None:
        """Register the components."""
        spec.components.parameter(request_ids.HEADER, "header", _REQUEST_ID_PARAMETER)
        spec.components.header(request_ids.HEADER, _REQUEST_ID_HEADER)
        for name, header in HEADERS.items():
            spec.components.header(name, header)
        for name, schema in SCHEMAS.items():
            spec.components.schema(name, schema)
        for name, response in self._shared_responses.items():
            spec.components.response(name, _with_request_id(response))

    def schema_helper(self, name: str, definition: Document, **named: Any) -> Document | None:  # noqa: ANN401, ARG002  # apispec's
        """Add a schema's attribute `documented`: what its fields cannot express."""
        added = getattr(named.get("schema"), "documented", {})
        return added and {**added, "properties": {**definition["properties"], **added.get("properties", {})}}

    def path_helper(self, path: str | None = None, *_: Any, **__: Any) -> str:  # noqa: ANN401  # as above
        """Return the shortest path of the same view: a generated client needs one function for it."""
        views = {view for (other, _), view in self._views.items() if other == path}
        return min((other for (other, _), view in self._views.items() if view in views), key=len)

    def operation_helper(
        self,
        path: str | None = None,
        operations: dict[str, Document] | None = None,
        **_: Any,  # noqa: ANN401  # as above
    ) -> None:
        """Complete the operations of a path."""
        for method, operation in (operations or {}).items():
            self.complete(self._views[str(path), method], operation)

    def complete(self, view: View, operation: Document) -> None:
        """Add what every operation has, and replace responses that are components by their names."""
        operation["operationId"] = view.__name__
        operation["parameters"].append(request_ids.HEADER)
        if body := getattr(view, BODY, None):
            operation["requestBody"] = body
        elif "requestBody" in operation:
            schema: Schema = view._spec["body"]  # type: ignore[attr-defined]  # noqa: SLF001  # APIFlask's notes on it
            operation["requestBody"]["required"] = not getattr(schema, "body_may_be_missing", False)
        operation["responses"] = {
            status: self._component_of(response) or _with_request_id(response)
            for status, response in operation["responses"].items()
        }

    def _component_of(self, response: Document) -> str:
        """Return the name of the component with the same content, if there is one."""
        shared = self._shared_responses.items()
        return next((name for name, each in shared if each["content"] == response.get("content")), "")

    @cached_property
    def _views(self) -> dict[tuple[str, str], View]:
        return {
            (_path_of(rule.rule), method.lower()): self._app.view_functions[rule.endpoint]
            for rule in self._app.url_map.iter_rules()
            for method in rule.methods or ()
        }

    @cached_property
    def _shared_responses(self) -> dict[str, Document]:
        """Return the error responses that several views share, by name; different ones of one name are numbered."""
        notes = [getattr(view, "_spec", {}) for view in self._app.view_functions.values()]
        found = [response for note in notes for response in note.get("responses", {}).values() if name_of(response)]
        shared: dict[str, Document] = {}
        for response in found:
            if found.count(response) > 1 and response not in shared.values():
                name, same = name_of(response), sum(name_of(each) == name_of(response) for each in shared.values())
                shared[f"{name}-{same + 1}" if same else name] = response
        return shared


def _with_request_id(response: Document) -> Document:
    return {**response, "headers": {**response.get("headers", {}), request_ids.HEADER: request_ids.HEADER}}


def _path_of(rule: str) -> str:
    """Return the path of a Flask rule in OpenAPI's notation."""
    return re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule)
