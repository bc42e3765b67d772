"""Editions of the rule book, as plain values: what they hold, and which steps each may take next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.rulebook.remedies import Remedy
from app.rules.rule import Rule


class Status(StrEnum):
    """The status of an edition: drafted, tried in the shadow, live, retired."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


class Step(StrEnum):
    """A step taken with an edition; each leaves a row in the audit."""

    DRAFTED = "draft"
    SHADOWED = "shadow"
    DISPLACED = "displace"
    PUBLISHED = "publish"
    RETIRED = "retire"
    SHED = "shed"
    DELETED = "delete"


LIST = Remedy(request="GET /rules", command="rules list")
PUBLISH_ANOTHER = Remedy(request="POST /rules/EDITION/publish", command="rules publish EDITION")

# A live edition is only retired by publishing the next one, so that there always is one (A24).
TAKEN_FROM = {
    Step.SHADOWED: frozenset({Status.DRAFT}),
    Step.PUBLISHED: frozenset({Status.DRAFT, Status.SHADOW, Status.RETIRED}),
    Step.RETIRED: frozenset({Status.DRAFT, Status.SHADOW}),
    Step.DELETED: frozenset({Status.DRAFT}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionHeader:
    """An edition without its rules; only its status and its publication ever change.

    `based_on` is the edition that it was made from; None for the first, and if a former version drafted it.
    `time_zones` is the version of those that its rules for periods were drafted with, None if there are none.
    """

    edition: int
    status: Status
    author: str
    note: str
    created_at: datetime
    based_on: int | None = None
    published_at: datetime | None = None
    published_by: str | None = None
    time_zones: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition(EditionHeader):
    """A numbered set of rules."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline(EditionHeader):
    """An edition as lists show it: with the number of its rules instead of the rules."""

    rule_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what with which edition, when, and why; `id` rises.

    `based_on` is set for a draft; `over` for a publication that named the live edition it replaced. For a command,
    `at_shell` is the operating system's user and host. For a publication, `four_eyes` says whether it took two owners
    (A46); None for other steps, and for those that a former version wrote.
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
class PageQuery:
    """Which editions or steps: at most `limit`, with a number below `before`."""

    limit: int
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The numbers of the editions in force."""

    live: int | None
    shadow: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPage:
    """Editions, newest first; `next_before` is the `before` of the next page."""

    in_force: InForce
    editions: Sequence[Outline]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Steps, newest first; `next_before` is the `before` of the next page."""

    steps: Sequence[AuditEntry]
    next_before: int | None


class RuleBookRefused(Exception):
    """A refused step; it leaves no trace.

    It holds what was refused and what to do next. Its text is for clients; a terminal shows the command instead.
    """

    def __init__(self, refusal: str, remedy: Remedy | None = None) -> None:
        super().__init__(f"{refusal}: {remedy}" if remedy else refusal)
        self.refusal = refusal
        self.remedy = remedy


class NoSuchEdition(RuleBookRefused):
    """No edition has this number; `as_base` if a draft named it as its base."""

    def __init__(self, edition: int, *, as_base: bool = False) -> None:
        super().__init__(
            f"there is no edition {edition} to base a draft on; leave based_on out for the live one, or list the "
            "editions"
            if as_base
            else f"there is no edition {edition}; list the editions",
            LIST,
        )


class WrongStep(RuleBookRefused):
    """The status of the edition does not allow this step."""


class SelfApproval(RuleBookRefused):
    """A step needs a second person, known to be another than the first: the author, or the owner who proposed it."""


class LiveEditionChanged(RuleBookRefused):
    """The live edition is not the one that this publication would replace."""


class UnreadableEdition(Exception):
    """An edition is stored but cannot be read: a defect, or somebody wrote it by hand."""

    def __init__(self, edition: int, cause: str) -> None:
        super().__init__(f"edition {edition} cannot be read: {cause}")
        self.edition = edition


def refuse_wrong_step(edition: Edition, step: Step) -> None:
    """Return if the edition may take the step; raises `WrongStep` otherwise."""
    if edition.status not in TAKEN_FROM[step]:
        raise wrong_step(edition.edition, edition.status, step)


def wrong_step(number: int, status: Status, step: Step) -> WrongStep:
    """Return the refusal of a step that the status of the edition does not allow."""
    found = f"edition {number} is {status}"
    if (step, status) == (Step.SHADOWED, Status.RETIRED):
        again = Remedy(
            request="POST /rules", body=f'{{"edition": {number}}}', command=f"rules draft --edition {number}"
        )
        return WrongStep(f"{found}; draft it again", again)
    if (step, status) == (Step.RETIRED, Status.LIVE):
        return WrongStep(f"{found}; publish another edition, which retires it", PUBLISH_ANOTHER)
    if step is Step.DELETED:
        refusal = f"{found}, and only drafts can be deleted"
        return WrongStep(f"{refusal}; retire it", retire(number)) if status is Status.SHADOW else WrongStep(refusal)
    return WrongStep(f"edition {number} is already {status}")


def retire(edition: int) -> Remedy:
    """Return how to retire an edition."""
    return Remedy(request=f"POST /rules/{edition}/retire", command=f"rules retire {edition}")


def refuse_deletion(edition: Edition, *, shadowed: bool, derived: Sequence[int]) -> None:
    """Return if the edition may be deleted (A48); raises `WrongStep` if something refers to it.

    `shadowed` says whether it was ever in the shadow; `derived` are the editions that were made from it.
    """
    refuse_wrong_step(edition, Step.DELETED)
    number = edition.edition
    if shadowed:
        raise WrongStep(f"edition {number} was in the shadow, and its alerts are kept; retire it", retire(number))
    if derived:
        listed = ", ".join(map(str, derived))
        raise WrongStep(f"other editions were made from edition {number}: {listed}; retire it", retire(number))
