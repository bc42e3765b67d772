"""Editions of the rule book, as plain values: what they hold, and which step each may take next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.events.rules import Rule
from app.rulebook.remedies import Remedy


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


PUBLISH_ANOTHER = Remedy(request="POST /rules/EDITION/publish", command="rules publish EDITION")

# A live edition is never retired by itself: publishing the next one does it, so that there always is one (A24).
TAKEN_FROM = {
    Step.SHADOWED: frozenset({Status.DRAFT}),
    Step.PUBLISHED: frozenset({Status.DRAFT, Status.SHADOW, Status.RETIRED}),
    Step.RETIRED: frozenset({Status.DRAFT, Status.SHADOW}),
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

    `based_on` is known of a draft; `over` of a publication that named the live edition it replaced.
    """

    id: int
    edition: int
    step: Step
    who: str
    note: str
    at: datetime
    based_on: int | None = None
    over: int | None = None


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
    """No edition has this number."""


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
    if edition.status in TAKEN_FROM[step]:
        return
    found, number = f"edition {edition.edition} is {edition.status}", edition.edition
    if (step, edition.status) == (Step.SHADOWED, Status.RETIRED):
        again = Remedy(
            request="POST /rules", body=f'{{"edition": {number}}}', command=f"rules draft --edition {number}"
        )
        raise WrongStep(f"{found}; draft it again", again)
    if (step, edition.status) == (Step.RETIRED, Status.LIVE):
        raise WrongStep(f"{found}; publish another edition, which retires it", PUBLISH_ANOTHER)
    raise WrongStep(f"{found} already")


def differences(old: Sequence[Rule], new: Sequence[Rule]) -> list[str]:
    """Say in words what changed from one set of rules to another, by code."""
    before, after = ({rule.code: rule for rule in rules} for rules in (old, new))
    told = []
    for code in sorted(before.keys() | after.keys()):
        if code not in after:
            told.append(f"{code} is gone: {before[code].name}")
        elif code not in before:
            told.append(f"{code} is new: {after[code].terms}")
        else:
            told.extend(_changes(before[code], after[code]))
    return told


def _changes(old: Rule, new: Rule) -> list[str]:
    if type(old) is not type(new):
        return [f"{new.code} is of another kind: {old.terms} → {new.terms}"]
    told = []
    for name in old.__dataclass_fields__:  # type: ignore[attr-defined]  # every kind of rule is a dataclass
        was, is_now = getattr(old, name), getattr(new, name)
        if was != is_now:
            told.append(f"{new.code}: {name.replace('_', ' ')} {_shown(was)} → {_shown(is_now)}")
    return told


def _shown(value: object) -> str:
    return " and ".join(sorted(value)) if isinstance(value, frozenset) else str(value)
