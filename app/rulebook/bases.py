"""Refuse a publication that would undo another one unseen: drafts know which edition they were made from (A28)."""

import json
from datetime import UTC

from app.rulebook.differences import differences
from app.rulebook.domain import Edition, LiveEditionChanged
from app.rulebook.remedies import Remedy

MAX_SHOWN = 5  # differences that a refusal names


def refuse_another_base(candidate: Edition, *, base: int | None, live: Edition | None, over: int | None) -> None:
    """Return if the candidate may replace the live edition; raises `LiveEditionChanged` otherwise.

    `base` is the nearest base of the candidate that was ever live; `over` is the edition that the publisher named as
    the one to replace. If nothing is live, nothing is undone; and publishing an edition that was live before is meant
    to undo what came after it.
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
    """Return the refusal of a draft that was not made from the live edition."""
    based = f"based on edition {base}" if base else "based on an unknown edition"
    return _changed(f"edition {candidate.edition} is {based}", candidate, live)


def _changed(expected: str, candidate: Edition, live: Edition) -> LiveEditionChanged:
    number = candidate.edition
    return LiveEditionChanged(
        f"{expected}, but edition {live.edition} is live, {_publication(live)}; publishing edition {number} would "
        f"change: {_change(live, candidate)}. Make a new draft from edition {live.edition} to keep its rules; "
        f"to replace it anyway",
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
    """Return what publishing the candidate would change, abridged."""
    if not live.rules:
        return "unknown, as the live edition cannot be read"
    found = differences(live.rules, candidate.rules)
    more = [f"and {len(found) - MAX_SHOWN} more"] if len(found) > MAX_SHOWN else []
    return "; ".join([*found[:MAX_SHOWN], *more]) or "no rule"
