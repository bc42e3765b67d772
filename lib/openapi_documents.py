"""What APIFlask leaves out of the OpenAPI document, and any service with request ids and problems would add."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from apiflask import APIFlask, Schema

from lib import problem_details, problem_documents, request_ids

Document = dict[str, Any]
View = Callable[..., Any]

SERVERS = [{"url": "/", "description": "the service that this document was read from"}]
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


def init_app(app: APIFlask) -> None:
    """Name schemas after what they describe; `EventSchema` describes an event."""
    app.schema_name_resolver = schema_name
    app.servers = SERVERS


def schema_name(schema: object) -> str:
    """Return what the schema describes."""
    return type(schema).__name__.removesuffix("Schema")


def completed(app: APIFlask, document: Document, components: dict[str, dict[str, Any]]) -> Document:
    """Return the document with these components, request ids, names of operations, and one path for each view.

    An answer that is among the components is told there and nowhere else, and so is a refusal that several tell.
    """
    for parts_by_sort in (COMPONENTS, problem_documents.COMPONENTS, components):
        for sort, parts in parts_by_sort.items():
            document["components"].setdefault(sort, {}).update(parts)
    whole: Document = json.loads(json.dumps(document))  # operations of APIFlask share parts; here each has its own
    _leave_out_aliases(app, whole)
    for view, operation in operations(app, whole):
        operation["operationId"] = view.__name__
        operation.setdefault("parameters", []).append(OF_EVERY_OPERATION)
        _complete_body(whole, view, operation)
        _refer_to(whole["components"]["responses"], operation["responses"])
    _tell_repeated_once(whole)
    for answer in answers(whole):
        answer["headers"] = answer.get("headers", {}) | OF_EVERY_ANSWER
    return {"openapi": whole.pop("openapi"), **whole}


def _leave_out_aliases(app: APIFlask, document: Document) -> None:
    """Keep the shortest path of each view: a generated client needs one function for it."""
    for endpoint in app.view_functions:
        _, *others = sorted((path_of(rule.rule) for rule in app.url_map.iter_rules(endpoint)), key=len)
        for other in others:
            document["paths"].pop(other, None)


def operations(app: APIFlask, document: Document) -> Iterator[tuple[View, Document]]:
    """Find each operation of the document, with the view that answers it."""
    for rule in app.url_map.iter_rules():
        for method, operation in document["paths"].get(path_of(rule.rule), {}).items():
            if method.upper() in (rule.methods or ()):
                yield app.view_functions[rule.endpoint], operation


def answers(document: Document) -> Iterator[Document]:
    """Yield each answer of the document where it is told: once for many, or with its operation."""
    yield from document["components"]["responses"].values()
    for item in document["paths"].values():
        for operation in item.values():
            yield from (answer for answer in operation["responses"].values() if "$ref" not in answer)


def path_of(rule: str) -> str:
    """Return the path of Flask's rule as OpenAPI writes it."""
    return re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule)


def _refer_to(shared: Document, responses: Document) -> None:
    """Put references for the answers that are told once."""
    for status, answer in responses.items():
        for name, told in shared.items():
            if answer == told:
                responses[status] = {"$ref": f"#/components/responses/{name}"}


def _tell_repeated_once(document: Document) -> None:
    """Move a refusal that several operations tell in the same words to the components, by the kinds that it names."""
    shared = document["components"]["responses"]
    operations = [operation["responses"] for item in document["paths"].values() for operation in item.values()]
    refusals = [answer for told in operations for answer in told.values() if _kinds(answer)]
    for refusal in refusals:
        name = "-or-".join(_kinds(refusal))
        if name not in shared and refusals.count(refusal) > 1:
            shared[name] = refusal
    for told in operations:
        _refer_to(shared, told)


def _kinds(answer: Document) -> list[str]:
    """Return the kinds of problems that an answer gives examples of."""
    return list(answer.get("content", {}).get(problem_details.MEDIA_TYPE, {}).get("examples", {}))


def _complete_body(document: Document, view: View, operation: Document) -> None:
    """Say of the body what its schema has as `documented`, which fields cannot tell; and whether there must be one."""
    schema: Schema | None = getattr(view, "_spec", {}).get("body")
    if schema is None:
        return
    operation["requestBody"]["required"] = not getattr(schema, "body_may_be_missing", False)
    form = document["components"]["schemas"][schema_name(schema)]
    told = getattr(schema, "documented", {})
    form.update(told, properties={**form["properties"], **told.get("properties", {})})
