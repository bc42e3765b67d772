"""The refusals of requests without a good key, and how a view documents all of its refusals."""

from dataclasses import replace
from typing import Any

from app import problems as app_problems
from app.access.domain import Scope
from app.access.guard import key_missing, scope_missing
from app.problems import UNAVAILABLE, Problems, Refused
from lib.problem_details import OF_HTTP

# Where a key is required, it may be refused or limited, or be beyond checking because the database is out of reach.
OF_EVERY_KEY = (
    replace(OF_HTTP[401], example=key_missing()),
    replace(OF_HTTP[403], example=scope_missing(Scope.EVENTS_WRITE)),
    OF_HTTP[429],
    UNAVAILABLE,
)
NONE: Problems = {}


def error_responses(*refused: Refused, problems: Problems = NONE, takes_body: bool) -> dict[int, Any]:
    """Describe the refusals of a view that requires a key; `problems` is the table of its feature.

    Give an exception instead of its class where the example in the table does not fit this view.
    """
    return app_problems.documented(problems, refused, also=OF_EVERY_KEY, takes_body=takes_body)


def public_error_responses(*refused: Refused, problems: Problems = NONE, takes_body: bool) -> dict[int, Any]:
    """Describe the refusals of a view that requires no key, as `error_responses` does."""
    return app_problems.documented(problems, refused, takes_body=takes_body)
