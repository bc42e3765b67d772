"""The routes for reading the rule book: what comes in, what goes out, no decisions."""

from collections.abc import Sequence

from apiflask import APIBlueprint
from flask import Response, request
from werkzeug.exceptions import NotFound

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.rulebook import examples
from app.rulebook.domain import AuditPage, Edition, EditionPage, NoSuchEdition, PageQuery
from app.rulebook.problems import PROBLEMS
from app.rulebook.reading import controllers
from app.rulebook.reading.schemas import (
    AuditPageSchema,
    DifferencesSchema,
    EditionInPath,
    EditionPageSchema,
    EditionSchema,
    EditionsInPath,
    ListParameters,
    TemplatesSchema,
)
from app.rulebook.services import RuleBookServices
from app.rulebook.template_files import Template, templates
from app.rulebook.toml import format_toml
from app.rules.limits import MAX_EDITION
from lib import services
from lib.database import Database
from lib.json_requests import InvalidMembers
from lib.paths import describes_path
from lib.query_parameters import NoParameters

rules = APIBlueprint(
    "rules",
    __name__,
    tag={"name": "Rules", "description": "The rule book: which rules are evaluated, in editions that never change."},
    url_prefix="/rules",
)

EDITION = "/<int(min=1, max=2147483647):edition>"
OTHER = "<int(min=1, max=2147483647):other>"
UNKNOWN = NoSuchEdition(MAX_EDITION)
NO_LIMIT = InvalidMembers({"limit": ["Must be from 1 to 200."]})
NO_PARAMETER = InvalidMembers({"limit": ["Unknown parameter; there is none."]})
OF_A_LIST = error_responses(NO_LIMIT, problems=PROBLEMS, takes_body=False)
OF_ONE = error_responses(NO_PARAMETER, UNKNOWN, NotFound, problems=PROBLEMS, takes_body=False)


@rules.get(EDITION)  # type: ignore[type-var]  # APIFlask takes whatever the schema can write
@rules.input(NoParameters, location="query")
@rules.output(EditionSchema, examples=examples.EDITION, description="the edition with its rules")
@rules.doc(responses=OF_ONE)
@describes_path(rules, EditionInPath)
@require_scope(Scope.RULES_READ)
def read_edition(edition: int, **_: object) -> Edition:
    """Read an edition: its rules, its status, and its author."""
    return controllers.edition(_database(), edition)


@rules.get("")  # type: ignore[type-var]  # as above
@rules.input(ListParameters, location="query", arg_name="query")
@rules.output(EditionPageSchema, examples=examples.LIST, description="the editions in force, and a page of all")
@rules.doc(responses=OF_A_LIST)
@require_scope(Scope.RULES_READ)
def read_editions(query: PageQuery) -> EditionPage:
    """List all editions without their rules, page by page."""
    return controllers.edition_page(_database(), query)


@rules.get("/audit")  # type: ignore[type-var]  # as above
@rules.input(ListParameters, location="query", arg_name="query")
@rules.output(AuditPageSchema, examples=examples.AUDIT, description="the steps that were taken")
@rules.doc(responses=OF_A_LIST)
@require_scope(Scope.RULES_READ)
def read_audit(query: PageQuery) -> AuditPage:
    """List every step, page by page: who did what with which edition, when and why."""
    return controllers.audit_page(_database(), query)


@rules.get("/templates")
@rules.input(NoParameters, location="query")
@rules.output(TemplatesSchema, examples=examples.TEMPLATES, description="the templates, by name")
@rules.doc(responses=error_responses(NO_PARAMETER, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.RULES_READ)
def read_templates(**_: object) -> dict[str, Sequence[Template]]:
    """List the templates: ready editions with their sources, to draft by their name (`POST /rules`).

    A draft can be exported as TOML, edited and drafted again, before anybody publishes it.
    """
    return {"templates": templates()}


@rules.get(f"{EDITION}/diff/{OTHER}")
@rules.input(NoParameters, location="query")
@rules.output(DifferencesSchema, examples=examples.DIFFERENCES, description="what changed")
@rules.doc(responses=OF_ONE)
@describes_path(rules, EditionsInPath)
@require_scope(Scope.RULES_READ)
def read_differences(edition: int, other: int, **_: object) -> dict[str, list[str]]:
    """Compare two editions, in words."""
    return {"differences": controllers.changes(_database(), edition, other)}


@rules.get(f"{EDITION}/toml")
@rules.input(NoParameters, location="query")
@rules.doc(
    responses={
        200: {
            "description": "the rules as TOML, to edit and then draft with the command `rules draft`",
            "content": {
                media_type: {"schema": {"type": "string"}, "examples": examples.TOML}
                for media_type in examples.TOML_TYPES
            },
        },
        **OF_ONE,
    }
)
@describes_path(rules, EditionInPath)
@require_scope(Scope.RULES_READ)
def export_edition(edition: int, **_: object) -> Response:
    """Export the rules of an edition as TOML, which names this edition as the base of what is drafted from it.

    With `Accept: text/plain` it is plain text.
    """
    media_type = request.accept_mimetypes.best_match(examples.TOML_TYPES, default=examples.TOML_TYPES[0])
    return Response(format_toml(controllers.edition(_database(), edition)), content_type=media_type)


def _database() -> Database:
    return services.get(RuleBookServices).database
