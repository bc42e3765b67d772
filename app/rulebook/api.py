"""The routes for the steps of an edition: what comes in, what goes out, no decisions."""

from http import HTTPStatus

from werkzeug.exceptions import NotFound

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.rulebook import controllers, examples
from app.rulebook.approval import Change
from app.rulebook.changes import change_from_request
from app.rulebook.domain import Edition, LiveEditionChanged, SelfApproval, Status, Step, wrong_step
from app.rulebook.forms import InvalidRules
from app.rulebook.problems import PROBLEMS
from app.rulebook.reading.api import EDITION, NO_PARAMETER, UNKNOWN, rules
from app.rulebook.reading.schemas import EditionInPath, EditionSchema
from app.rulebook.schemas import (
    MAX_BOOK,
    NOT_ONE,
    DraftSchema,
    EditionLocationSchema,
    NewDraft,
    Publication,
    PublicationSchema,
    StepSchema,
)
from app.rulebook.services import RuleBookServices
from app.rulebook.template_drafts import read_template
from app.rulebook.toml import TomlDraft
from lib import services
from lib.bodies import too_large
from lib.database import Database
from lib.json_requests import InvalidMembers, MalformedJson
from lib.paths import describes_path
from lib.query_parameters import NoParameters

__all__ = ["rules"]  # which has the routes for reading as well

NO_NOTE = InvalidMembers({"note": ["Must be a string."]})
NO_RULES = InvalidMembers({"rules": [NOT_ONE]})
OF_A_STEP = (MalformedJson, NO_NOTE, UNKNOWN, NotFound)


@rules.post("")  # type: ignore[type-var]  # as above
@rules.input(DraftSchema, arg_name="new", examples=examples.DRAFTS)
@rules.output(
    EditionSchema,
    status_code=HTTPStatus.CREATED,
    examples=examples.DRAFTED,
    headers=EditionLocationSchema,
    description="drafted, under the next number",
)
@rules.doc(
    responses=error_responses(
        MalformedJson, NO_RULES, InvalidRules, UNKNOWN, too_large(MAX_BOOK), problems=PROBLEMS, takes_body=True
    )
)
@require_scope(Scope.RULES_WRITE)
def draft_edition(new: NewDraft) -> tuple[Edition, int, dict[str, str]]:
    """Save rules as a new edition, which is not in force yet.

    Name the edition that they were made from with `based_on`: publishing the draft then replaces only that one, unless
    the publisher names another. If the rules are too large for a request, use the command `rules draft`.
    """
    drafted = _drafted(new, change_from_request(new.note))
    return drafted, HTTPStatus.CREATED, {"Location": f"/rules/{drafted.edition}"}


def _drafted(new: NewDraft, change: Change) -> Edition:
    if new.source:
        return controllers.draft_again(_database(), new.source, change, based_on=new.based_on, t_is_unix=_t_is_unix())
    rules, base = _content(new)
    return controllers.draft(_database(), rules, change, based_on=base, t_is_unix=_t_is_unix())


def _content(new: NewDraft) -> TomlDraft:
    if new.template:
        return read_template(_database(), new.template, add=new.add, based_on=new.based_on)
    return TomlDraft(new.rules, new.based_on)


@rules.post(f"{EDITION}/shadow")  # type: ignore[type-var]  # as above
@rules.input(StepSchema, arg_name="note", examples=examples.STEPS)
@rules.output(EditionSchema, examples=examples.SHADOWED, description="it runs in the shadow")
@rules.doc(
    responses=error_responses(*OF_A_STEP, wrong_step(1, Status.LIVE, Step.SHADOWED), problems=PROBLEMS, takes_body=True)
)
@describes_path(rules, EditionInPath)
@require_scope(Scope.RULES_WRITE)
def shadow_edition(edition: int, note: str) -> Edition:
    """Evaluate a draft on every event beside the live edition, without answering its codes; at most one at a time."""
    return controllers.shadow(_database(), edition, change_from_request(note), t_is_unix=_t_is_unix())


@rules.post(f"{EDITION}/publish")  # type: ignore[type-var]  # as above
@rules.input(PublicationSchema, arg_name="publication", examples=examples.PUBLICATIONS)
@rules.output(EditionSchema, examples=examples.LIVE, description="it is the live edition")
@rules.doc(
    responses=error_responses(
        *OF_A_STEP,
        wrong_step(1, Status.LIVE, Step.PUBLISHED),
        LiveEditionChanged,
        SelfApproval,
        problems=PROBLEMS,
        takes_body=True,
    )
)
@describes_path(rules, EditionInPath)
@require_scope(Scope.RULES_PUBLISH)
def publish_edition(edition: int, publication: Publication) -> Edition:
    """Make an edition live; every worker follows within a second.

    The edition that was live is retired, and can be published again. A draft replaces the edition that it is based on;
    if another one is live by then, that is a 409 unless `over` names it. An edition that was live before replaces any,
    or with `over` only the one that it names. With four eyes (`GET /rules/four-eyes`) the key must have another owner
    than the author's.
    """
    made = services.get(RuleBookServices)
    return controllers.publish(
        made.database,
        edition,
        change_from_request(publication.note),
        four_eyes=made.four_eyes,
        over=publication.over,
        t_is_unix=made.t_is_unix,
        announce=made.announce,
    )


@rules.post(f"{EDITION}/retire")  # type: ignore[type-var]  # as above
@rules.input(StepSchema, arg_name="note", examples=examples.STEPS)
@rules.output(EditionSchema, examples=examples.RETIRED, description="it is retired")
@rules.doc(
    responses=error_responses(
        *OF_A_STEP,
        wrong_step(1, Status.LIVE, Step.RETIRED),
        problems=PROBLEMS,
        takes_body=True,
    )
)
@describes_path(rules, EditionInPath)
@require_scope(Scope.RULES_WRITE)
def retire_edition(edition: int, note: str) -> Edition:
    """Retire a draft or a shadow edition."""
    return controllers.retire(_database(), edition, change_from_request(note))


@rules.delete(EDITION)
@rules.input(NoParameters, location="query")
@rules.doc(
    responses={
        204: {"description": "it is deleted"},
        **error_responses(
            NO_PARAMETER,
            UNKNOWN,
            NotFound,
            wrong_step(1, Status.LIVE, Step.DELETED),
            problems=PROBLEMS,
            takes_body=False,
        ),
    }
)
@describes_path(rules, EditionInPath)
@require_scope(Scope.RULES_WRITE)
def delete_edition(edition: int, **_: object) -> tuple[str, int]:
    """Delete a draft that was never in the shadow and that no other edition was made from.

    Its steps stay in the audit, and its number is not used again.
    """
    controllers.delete(_database(), edition, change_from_request(""))
    return "", HTTPStatus.NO_CONTENT


def _t_is_unix() -> bool:
    return services.get(RuleBookServices).t_is_unix


def _database() -> Database:
    return services.get(RuleBookServices).database
