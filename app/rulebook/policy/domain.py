"""The policy of four eyes and its changes, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PolicyStep(StrEnum):
    """What was done with the policy; each is a row that nobody can change."""

    ON = "on"
    OFF_PROPOSED = "propose-off"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """Who changed the policy, or proposed to, when and why.

    `owner` is that of the key it was done with; `at_shell` the user and host of the operating system where none was.
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
    """Whether four eyes are on, who proposed to turn them off and waits for another owner, and all that led here.

    The newest change comes first.
    """

    on: bool
    proposal: PolicyChange | None
    changes: Sequence[PolicyChange]
