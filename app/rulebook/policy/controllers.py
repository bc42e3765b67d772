"""The use cases of the policy of four eyes: one person turns them on, two owners of keys turn them off (A46)."""

from app.access.actors import ANONYMOUS
from app.access.queries import KeyQueries
from app.rulebook.approval import (
    Change,
    is_key,
    key_needed_to_turn_off,
    key_needed_to_turn_on,
    owner_missing,
    prefix_of,
    same_owner,
)
from app.rulebook.policy.domain import Policy, PolicyStep
from app.rulebook.policy.queries import PolicyQueries
from app.rulebook.queries import RuleBookQueries
from lib.database import Database
from lib.transactions import Transaction

SETTING = "FOUR_EYES=true"  # recorded as who, if the setting turned them on


def policy(database: Database, *, setting: bool) -> Policy:
    """Return the policy in force; `setting` applies until somebody turns it on or off."""
    with database.transaction() as current:
        return _policy(current, setting=setting)


def keep_setting(database: Database, at_shell: str) -> bool:
    """Turn four eyes on as the setting says, unless somebody ever turned them on or off; return whether they are on.

    From then on the setting has no effect: anybody who types a command could set it.
    """
    with database.transaction() as current:
        RuleBookQueries(current).lock()
        on = in_force(current, setting=True, at_shell=at_shell)
        current.commit()
    return on


def in_force(current: Transaction, *, setting: bool, at_shell: str | None) -> bool:
    """Return, within a step, whether four eyes are on; if only the setting says so, record it with the step."""
    found = PolicyQueries(current)
    on = found.four_eyes()
    if on is None and setting:
        found.add(PolicyStep.ON, SETTING, "as the setting says", owner=None, at_shell=at_shell)
    return setting if on is None else on


def turn_on(database: Database, change: Change) -> Policy:
    """Require two owners to publish from now on; if four eyes are on already, void a proposal to turn them off.

    Raises `SelfApproval` for a client without a key: if no keys are required, nobody could publish.
    """
    if change.actor == ANONYMOUS:
        raise key_needed_to_turn_on()
    with database.transaction() as current:
        RuleBookQueries(current).lock()
        found = PolicyQueries(current)
        if not found.four_eyes() or found.proposal():
            found.add(
                PolicyStep.ON,
                change.actor,
                change.reason,
                owner=_owner(current, change.actor),
                at_shell=change.at_shell or None,
            )
        turned = _policy(current, setting=True)
        current.commit()
    return turned


def turn_off(database: Database, change: Change, *, setting: bool) -> Policy:
    """Propose to turn four eyes off, or approve another owner's proposal of the last day.

    Raises `SelfApproval` without a key, if the key has no owner, or if its owner is the one who proposed it.
    """
    with database.transaction() as current:
        RuleBookQueries(current).lock()
        if in_force(current, setting=setting, at_shell=change.at_shell or None):
            _take_step_to_off(current, change)
        turned = _policy(current, setting=setting)
        current.commit()
    return turned


def _take_step_to_off(current: Transaction, change: Change) -> None:
    if not is_key(change.actor):
        raise key_needed_to_turn_off(change.actor)
    owner, found = _owner(current, change.actor), PolicyQueries(current)
    if owner is None:
        raise owner_missing(change.actor, "so it can neither propose nor approve")
    proposal = found.proposal()
    if proposal and same_owner(proposal.owner or "", owner):
        raise key_needed_to_turn_off(change.actor, owner)
    step = PolicyStep.OFF if proposal else PolicyStep.OFF_PROPOSED
    found.add(step, change.actor, change.reason, owner=owner, at_shell=change.at_shell or None)


def _owner(current: Transaction, who: str) -> str | None:
    return KeyQueries(current).owners([prefix_of(who)]).get(prefix_of(who)) if is_key(who) else None


def _policy(current: Transaction, *, setting: bool) -> Policy:
    found = PolicyQueries(current)
    on = found.four_eyes()
    return Policy(on=setting if on is None else on, proposal=found.proposal(), changes=found.changes())
