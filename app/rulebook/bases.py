"""Whether a publication would undo another one unseen: drafts know which edition they were made from (A28)."""

import json
from datetime import UTC

from app.rulebook.differences import differences
from app.rulebook.domain import Edition, LiveEditionChanged
from app.rulebook.remedies import Remedy

MOST_SHOWN = 5  # differences that a refusal names


def refuse_another_base(candidate: Edition, *, base: int | None, live: Edition | None, over: int | None) -> None:
    """Return if the candidate may take the place of the live edition; raises `LiveEditionChanged` where it may not.

    `base` is the edition once live that the candidate was made from, perhaps by way of other drafts; `over` the one
    that the publisher named as the one to be replaced. Nothing is undone where nothing is live, and who publishes an
    edition that was live before wants to undo what came after it.
    """
    if live is None:
        return
    if over is not None:
        if over != live.edition:
            raise _changed(f"edition {over} is to be replaced", candidate, live)
        return
    if candidate.published_at is None and base != live.edition:
        raise based_on_another(candidate, base, live)


def based_on_another(candidate: Edition, base: int | None, live: Edition) -> LiveEditionChanged:
    """Return what is raised where another edition is live than the one that a draft was made from."""
    based = f"based on edition {base}" if base else "based on an edition that nobody wrote down"
    return _changed(f"edition {candidate.edition} is {based}", candidate, live)


def _changed(meant: str, candidate: Edition, live: Edition) -> LiveEditionChanged:
    number = candidate.edition
    return LiveEditionChanged(
        f"{meant}, but edition {live.edition} is live, {_publication(live)}; edition {number} in its place means: "
        f"{_change(live, candidate)}. Draft anew from edition {live.edition} to keep what it has; "
        f"to replace it all the same",
        Remedy(
            request=f"POST /rules/{number}/publish",
            body=json.dumps({"over": live.edition}),
            command=f"rules publish {number} --over {live.edition}",
        ),
    )


def _publication(live: Edition) -> str:
    at = f" at {live.published_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if live.published_at else ""
    return f"published by {live.published_by or 'nobody known'}{at}"


def _change(live: Edition, candidate: Edition) -> str:
    """Say what publishing the candidate would change, as far as a reader reads."""
    if not live.rules:
        return "nobody knows what, as the live edition cannot be read"
    told = differences(live.rules, candidate.rules)
    more = [f"and {len(told) - MOST_SHOWN} more"] if len(told) > MOST_SHOWN else []
    return "; ".join([*told[:MOST_SHOWN], *more]) or "no change of the rules"
