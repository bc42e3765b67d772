"""The OpenAPI document: the description of the whole service, and the access that operations require."""

from apiflask import APIFlask
from apispec import APISpec

from app import limits
from app.access.guard import NO_KEY, scope_of
from app.players.schemas import PlayerUpdateSchema
from app.rulebook.documented import RULES
from app.webhooks import described
from lib.openapi_documents import Document, DocumentPlugin, View
from lib.problem_details import OF_HTTP

KEY = "key"
SUCCESSES = {"200", "201"}  # every response has the headers of the limit; the document shows them on these and the 429
LIMIT_HEADERS = {name: {"$ref": f"#/components/headers/{name}"} for name in limits.HEADERS}
LICENCE = {"name": "MIT"}  # with an identifier, the page would link to an address that is not ours
DESCRIPTION = """\
Receives every deposit and withdrawal of a betting platform and says at once which alert rules the player now meets.

**Keys.** Where access control is on, every operation except the health checks requires a key:
`Authorization: Bearer …`. Each operation names the scope that the key needs. Where it is off, keys are neither required
nor checked.

**Errors** are `application/problem+json` (RFC 9457): `type` names the kind, `detail` says what to change, `errors` says
which members or parameters are at fault. A request that was refused with a 4xx leaves no trace. After a 5xx or a broken
connection send the same request again; an event that was stored gets its first answer.

Not repeated with each operation: an unknown path is a 404 `not-found`, and a method that the path does not have is a
405 `method-not-allowed` with the header `Allow`.

**Webhooks.** The section `webhooks` describes what the service sends to endpoints: Standard Webhooks 1.0.0.

**Limits.** Where a rate limit is set, the headers `X-RateLimit-…` say how much of it is left.
"""


def init_app(app: APIFlask) -> None:
    """Set up the document."""
    app.description = DESCRIPTION
    app.license = LICENCE
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        AUTO_SERVERS=False,  # the document is the same on every host
        AUTO_VALIDATION_ERROR_RESPONSE=False,  # ours is a 400, described with the view
        AUTO_404_RESPONSE=False,  # as above
        SECURITY_SCHEMES={
            KEY: {"type": "http", "scheme": "bearer", "description": "made with the command `keys create`; has scopes"}
        },
    )
    ServiceDocument(app)
    app.spec_processor(with_webhooks)


def with_webhooks(document: Document | str) -> Document | str:
    """Return the document with what the service sends to endpoints."""
    return {**document, "webhooks": described.webhooks_section()} if isinstance(document, dict) else document


class ServiceDocument(DocumentPlugin):
    """Adds the schemas of rules, the scope that each operation requires, and the headers of the rate limit."""

    def init_spec(self, spec: APISpec) -> None:
        """Register the components."""
        super().init_spec(spec)
        for name, header in limits.HEADERS.items():
            spec.components.header(name, header)
        for name, schema in RULES.items():
            spec.components.schema(name, schema)
        described.add_schemas(spec)
        spec.components.schema("PlayerUpdate", schema=PlayerUpdateSchema)  # of a body that no schema reads as a whole
        spec.components.responses[OF_HTTP[429].slug]["headers"] |= LIMIT_HEADERS

    def complete(self, view: View, operation: Document) -> None:
        """Add what every operation has, and the scope that this one requires."""
        super().complete(view, operation)
        scope = scope_of(view)
        if scope == NO_KEY:
            operation["security"] = []
            return
        operation["security"] = [{KEY: [scope]}]
        operation["description"] = "\n\n".join(filter(None, (operation.get("description"), f"Scope: `{scope}`.")))
        for status in SUCCESSES & operation["responses"].keys():
            operation["responses"][status]["headers"] |= LIMIT_HEADERS
