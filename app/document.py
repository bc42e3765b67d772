"""What the OpenAPI document says of the whole service, and of the access to its operations."""

from typing import Any

from apiflask import APIFlask

from app import limits
from app.access.guard import NO_KEY, scope_of
from app.access.problems import OF_EVERY_KEY
from app.rulebook.documented import RULES
from lib import openapi_documents
from lib.openapi_documents import Document
from lib.problem_details import OF_HTTP
from lib.problem_documents import told_once

KEY = "key"
SUCCESSES = {"200", "201"}  # they and the 429 tell the limit; others do as well, and would only be longer for it here
LICENCE = {"name": "MIT"}  # with an identifier, the page would link to an address that is not ours
DESCRIPTION = """\
Receives every deposit and withdrawal of a betting platform and says at once which alert rules the user now meets.

**Keys.** Where access control is on, every operation but those of health asks for a key: `Authorization: Bearer …`.
Each names the scope that the key needs. Where it is off, a key is neither asked for nor looked at.

**Refusals** are `application/problem+json` (RFC 9457): `type` names the kind, `detail` says what to change, `errors`
which members or parameters are at fault. What was refused with a 4xx leaves no trace. After a 5xx or a broken
connection send the same request again; an event that was stored is answered as it was the first time.

Not told again with each operation: a path that is not here is a 404 `not-found`, and a method that a path does not
take a 405 `method-not-allowed`, with the header `Allow`.

**Limits.** Where a limit of requests is set, answers tell with `X-RateLimit-…` how much of it is left.
"""


def init_app(app: APIFlask) -> None:
    """Have the document of an application say it all."""
    app.description = DESCRIPTION
    app.license = LICENCE
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        AUTO_SERVERS=False,  # the document is the same wherever it is read
        AUTO_VALIDATION_ERROR_RESPONSE=False,  # ours are 400 and described with the view
        AUTO_404_RESPONSE=False,  # as above
        SECURITY_SCHEMES={
            KEY: {"type": "http", "scheme": "bearer", "description": "made with the command `keys create`; has scopes"}
        },
    )
    openapi_documents.init_app(app)

    @app.spec_processor
    def complete(document: Any) -> Any:  # noqa: ANN401  # APIFlask writes YAML, too
        shared = {"headers": limits.HEADERS, "schemas": RULES, "responses": told_once(OF_EVERY_KEY)}
        whole = openapi_documents.completed(app, document, shared)
        _tell_limit(whole["components"]["responses"][OF_HTTP[429].slug])
        for view, operation in openapi_documents.operations(app, whole):
            _tell_access(scope_of(view), operation)
        return whole


def _tell_access(scope: str, operation: Document) -> None:
    """Say which scope the operation asks for, and what comes with a key: the headers of its limit."""
    if scope == NO_KEY:
        operation["security"] = []
        return
    operation["security"] = [{KEY: [scope]}]
    operation["description"] = "\n\n".join(filter(None, (operation.get("description"), f"Scope: `{scope}`.")))
    for status in SUCCESSES & operation["responses"].keys():
        _tell_limit(operation["responses"][status])


def _tell_limit(answer: Document) -> None:
    answer["headers"] |= {name: {"$ref": f"#/components/headers/{name}"} for name in limits.HEADERS}
