"""The policy of four eyes and its changes, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PolicyStep(StrEnum):
    """A step taken with the policy; each leaves a row that nobody can change."""

    ON = "on"
    OFF_PROPOSED = "propose-off"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """Who changed the policy, or proposed to, when and why.

    `owner` is the owner of the key used; without a key, `at_shell` is the operating system's user and host.
    """

    id: int
    step: PolicyStep
    who: str
    owner: str | None
    note: str
    at: datetime
    at_shell: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Whether four eyes are on, the proposal to turn them off that awaits another owner, and all changes.

    Changes are newest first.
    """

    on: bool
    proposal: PolicyChange | None
    changes: Sequence[PolicyChange]
