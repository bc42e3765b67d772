"""What APIFlask leaves out of the OpenAPI document, and any service with request ids and problems would add."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from apiflask import APIFlask, Schema

from lib import problem_documents, request_ids
from lib.problem_details import MEDIA_TYPE

Document = dict[str, Any]

REQUEST_ID_FORM = {"type": "string", "pattern": f"^{request_ids.WELL_FORMED.pattern}$"}
COMPONENTS: dict[str, dict[str, Any]] = {
    "headers": {
        request_ids.HEADER: {
            "description": "finds the request in the log: the id that came with it, or a new one",
            "required": True,
            "schema": REQUEST_ID_FORM,
        },
    },
    "parameters": {
        request_ids.HEADER: {
            "name": request_ids.HEADER,
            "in": "header",
            "description": "an id of the caller's for this request; one of another form is replaced by a new one",
            "schema": REQUEST_ID_FORM,
        },
    },
}
OF_EVERY_ANSWER = {request_ids.HEADER: {"$ref": f"#/components/headers/{request_ids.HEADER}"}}
OF_EVERY_OPERATION = {"$ref": f"#/components/parameters/{request_ids.HEADER}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation of the document: `described` is its part there, `main_path` the first path of its view."""

    path: str
    main_path: str
    method: str
    view: Callable[..., Any]
    described: Document

    @property
    def is_alias(self) -> bool:
        """Whether the view has this path beside another one."""
        return self.path != self.main_path


def init_app(app: APIFlask) -> None:
    """Name schemas after what they describe; `EventSchema` describes an event."""
    app.schema_name_resolver = schema_name


def schema_name(schema: object) -> str:
    """Return what the schema describes."""
    return type(schema).__name__.removesuffix("Schema")


def completed(app: APIFlask, document: Document) -> Document:
    """Return the document with request ids, the names of operations and schemas, and examples of refusals in full."""
    whole: Document = json.loads(json.dumps(document))  # operations of APIFlask share parts; here each has its own
    for components in (COMPONENTS, problem_documents.COMPONENTS):
        add_components(whole, components)
    for operation in operations(app, whole):
        _name(operation)
        _add_request_ids(operation)
        _fill_in_instances(operation)
        _complete_body(whole, operation)
    return {"openapi": whole.pop("openapi"), **whole}


def add_components(document: Document, components: dict[str, dict[str, Any]]) -> None:
    """Add parts that operations may refer to."""
    for sort, parts in components.items():
        document.setdefault("components", {}).setdefault(sort, {}).update(parts)


def operations(app: APIFlask, document: Document) -> Iterator[Operation]:
    """Find each operation of the document, with the view that answers it."""
    main_paths: dict[str, str] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: len(rule.rule)):
        path = path_of(rule.rule)
        main_path = main_paths.setdefault(rule.endpoint, path)
        view = app.view_functions[rule.endpoint]
        for method, described in document["paths"].get(path, {}).items():
            if method.upper() in (rule.methods or ()):
                yield Operation(path=path, main_path=main_path, method=method, view=view, described=described)


def path_of(rule: str) -> str:
    """Return the path of Flask's rule as OpenAPI writes it."""
    return re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule)


def _name(operation: Operation) -> None:
    """Give the operation its id: the name of the view, with the path where there is another one."""
    place = re.sub(r"\W", "_", operation.path.removeprefix("/"))
    view = operation.view.__name__
    operation.described["operationId"] = f"{view}_at_{place}" if operation.is_alias else view
    if operation.is_alias:
        operation.described["summary"] = f"The same as {operation.method.upper()} {operation.main_path}."


def _add_request_ids(operation: Operation) -> None:
    operation.described.setdefault("parameters", []).append(OF_EVERY_OPERATION)
    for answer in operation.described["responses"].values():
        answer["headers"] = answer.get("headers", {}) | OF_EVERY_ANSWER


def _fill_in_instances(operation: Operation) -> None:
    """Let the examples of refusals name the path that was asked for, with a 1 for each of its parameters."""
    asked_for = re.sub(r"{\w+}", "1", operation.path)
    for answer in operation.described["responses"].values():
        for problem in example_problems(answer):
            problem["instance"] = asked_for


def example_problems(answer: Document) -> Iterator[Document]:
    """Yield the problems that an answer of an operation has as examples."""
    for example in answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}).values():
        yield example["value"]


def _complete_body(document: Document, operation: Operation) -> None:
    """Say of the body what its schema has as `documented`, which fields cannot tell; and whether there must be one."""
    schema: Schema | None = getattr(operation.view, "_spec", {}).get("body")
    if schema is None:
        return
    operation.described["requestBody"]["required"] = not getattr(schema, "body_may_be_missing", False)
    form = document["components"]["schemas"][schema_name(schema)]
    told = getattr(schema, "documented", {})
    form.update(told, properties={**form["properties"], **told.get("properties", {})})
