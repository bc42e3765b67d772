"""Editions of the rule book, as plain values: what they hold, and which step each may take next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.rulebook.remedies import Remedy
from app.rules.rule import Rule


class Status(StrEnum):
    """Where an edition stands on its way: drafted, tried in the shadow, live, retired."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


class Step(StrEnum):
    """What is done with an edition; each leaves a row in the audit."""

    DRAFTED = "draft"
    SHADOWED = "shadow"
    DISPLACED = "displace"
    PUBLISHED = "publish"
    RETIRED = "retire"
    SHED = "shed"
    DELETED = "delete"


LIST = Remedy(request="GET /rules", command="rules list")
PUBLISH_ANOTHER = Remedy(request="POST /rules/EDITION/publish", command="rules publish EDITION")

# A live edition is never retired by itself: publishing the next one does it, so that there always is one (A24).
TAKEN_FROM = {
    Step.SHADOWED: frozenset({Status.DRAFT}),
    Step.PUBLISHED: frozenset({Status.DRAFT, Status.SHADOW, Status.RETIRED}),
    Step.RETIRED: frozenset({Status.DRAFT, Status.SHADOW}),
    Step.DELETED: frozenset({Status.DRAFT}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of an edition beside its rules; only where it stands, and its publication, ever change.

    `based_on` is the edition that it was made from; None for the first, and where a former version drafted it.
    """

    edition: int
    status: Status
    author: str
    note: str
    created_at: datetime
    based_on: int | None = None
    published_at: datetime | None = None
    published_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition(Standing):
    """A set of rules under a number."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline(Standing):
    """An edition as a list of all shows it: not the rules, but how many they are."""

    rule_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what with which edition, when, and why; `id` rises.

    `based_on` is known of a draft; `over` of a publication that named the live edition it replaced. `at_shell` is the
    user and host of the operating system where a command did it. `four_eyes` says of a publication whether it was
    one of two owners' (A46); None of other steps, and of what a former version wrote.
    """

    id: int
    edition: int
    step: Step
    who: str
    note: str
    at: datetime
    based_on: int | None = None
    over: int | None = None
    at_shell: str | None = None
    four_eyes: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAsked:
    """Which editions or steps: at most `limit`, with a number below `before`."""

    limit: int
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The numbers of the editions that judge now."""

    live: int | None
    shadow: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPage:
    """Editions, the newest first; those that follow are asked for with `before` as `next_before` says."""

    in_force: InForce
    editions: Sequence[Outline]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Steps, the newest first; those that follow are asked for with `before` as `next_before` says."""

    steps: Sequence[AuditEntry]
    next_before: int | None


class RuleBookRefused(Exception):
    """A step that the rule book does not take; it leaves no trace.

    What was refused, and what to do next. Its text is for clients; a terminal is told the command instead.
    """

    def __init__(self, refusal: str, remedy: Remedy | None = None) -> None:
        super().__init__(f"{refusal}: {remedy}" if remedy else refusal)
        self.refusal = refusal
        self.remedy = remedy


class NoSuchEdition(RuleBookRefused):
    """No edition has this number; `as_base` where a draft was to be based on it."""

    def __init__(self, edition: int, *, as_base: bool = False) -> None:
        super().__init__(
            f"there is no edition {edition} to base a draft on; leave based_on out for the live one, or see which "
            "there are"
            if as_base
            else f"there is no edition {edition}; see which there are",
            LIST,
        )


class WrongStep(RuleBookRefused):
    """The edition does not stand where this step begins."""


class SameEyes(RuleBookRefused):
    """Somebody else than the author has to publish an edition, and has to be known as somebody else."""


class LiveEditionChanged(RuleBookRefused):
    """Another edition is live than the one that this publication would replace."""


class UnreadableEdition(Exception):
    """An edition is in the table and cannot be read: a defect, or somebody wrote it there by hand."""

    def __init__(self, edition: int, cause: str) -> None:
        super().__init__(f"edition {edition} cannot be read: {cause}")
        self.edition = edition


def refuse_wrong_step(edition: Edition, step: Step) -> None:
    """Return if the edition may take the step; raises `WrongStep` where it may not."""
    if edition.status not in TAKEN_FROM[step]:
        raise wrong_step(edition.edition, edition.status, step)


def wrong_step(number: int, status: Status, step: Step) -> WrongStep:
    """Return what is raised where an edition is to take a step that does not begin where it stands."""
    found = f"edition {number} is {status}"
    if (step, status) == (Step.SHADOWED, Status.RETIRED):
        again = Remedy(
            request="POST /rules", body=f'{{"edition": {number}}}', command=f"rules draft --edition {number}"
        )
        return WrongStep(f"{found}; draft it again", again)
    if (step, status) == (Step.RETIRED, Status.LIVE):
        return WrongStep(f"{found}; publish another edition, which retires it", PUBLISH_ANOTHER)
    if step is Step.DELETED:
        told = f"{found}, and only drafts are deleted"
        return WrongStep(f"{told}; put it away", retire(number)) if status is Status.SHADOW else WrongStep(told)
    return WrongStep(f"{found} already")


def retire(edition: int) -> Remedy:
    """Return how an edition is put away."""
    return Remedy(request=f"POST /rules/{edition}/retire", command=f"rules retire {edition}")


def refuse_deletion(edition: Edition, *, judged: bool, derived: Sequence[int]) -> None:
    """Return if the edition may be deleted (A48); raises `WrongStep` where something refers to it.

    `judged` says whether it ever was in the shadow, `derived` which editions were made from it.
    """
    refuse_wrong_step(edition, Step.DELETED)
    number = edition.edition
    if judged:
        raise WrongStep(f"edition {number} judged in the shadow, and its alerts are kept; put it away", retire(number))
    if derived:
        listed = ", ".join(map(str, derived))
        raise WrongStep(f"edition {number} is what these were made from: {listed}; put it away", retire(number))
