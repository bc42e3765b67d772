"""The use cases of the policy of four eyes: turned on by one, turned off by two owners of keys (A46)."""

from app.access.queries import KeyQueries
from app.rulebook.eyes import (
    ANONYMOUS,
    Hand,
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

SETTING = "FOUR_EYES=true"  # who is written down where the setting turned them on


def policy(database: Database, *, setting: bool) -> Policy:
    """Return the policy in force; `setting` counts as long as nobody ever said otherwise."""
    with database.transaction() as current:
        return _policy(current, setting=setting)


def keep_setting(database: Database, at_shell: str) -> bool:
    """Turn four eyes on as the setting says, unless somebody ever turned them on or off; tell whether they are on.

    From then on the setting says nothing any more: it is that of whoever types a command.
    """
    with database.transaction() as current:
        RuleBookQueries(current).lock()
        on = in_force(current, setting=True, at_shell=at_shell)
        current.commit()
    return on


def in_force(current: Transaction, *, setting: bool, at_shell: str | None) -> bool:
    """Tell within a step whether four eyes are on; where only the setting says so, it is written down with the step."""
    found = PolicyQueries(current)
    on = found.four_eyes()
    if on is None and setting:
        found.add(PolicyStep.ON, SETTING, "as the setting says", owner=None, at_shell=at_shell)
    return setting if on is None else on


def turn_on(database: Database, hand: Hand) -> Policy:
    """Have editions published by two owners from now on; where they are on, a proposal to turn them off is void.

    Raises `SameEyes` where nobody knows who asks: no key is asked for, and without keys nobody could publish.
    """
    if hand.who == ANONYMOUS:
        raise key_needed_to_turn_on()
    with database.transaction() as current:
        RuleBookQueries(current).lock()
        found = PolicyQueries(current)
        if not found.four_eyes() or found.proposal():
            found.add(
                PolicyStep.ON, hand.who, hand.note, owner=_owner(current, hand.who), at_shell=hand.at_shell or None
            )
        turned = _policy(current, setting=True)
        current.commit()
    return turned


def turn_off(database: Database, hand: Hand, *, setting: bool) -> Policy:
    """Propose to let one person publish, or approve what another owner proposed within the last day.

    Raises `SameEyes` where the hand holds no key, its key has no owner, or its owner is the one who proposed it.
    """
    with database.transaction() as current:
        RuleBookQueries(current).lock()
        if in_force(current, setting=setting, at_shell=hand.at_shell or None):
            _take_step_to_off(current, hand)
        turned = _policy(current, setting=setting)
        current.commit()
    return turned


def _take_step_to_off(current: Transaction, hand: Hand) -> None:
    if not is_key(hand.who):
        raise key_needed_to_turn_off(hand.who)
    owner, found = _owner(current, hand.who), PolicyQueries(current)
    if owner is None:
        raise owner_missing(hand.who, "approves or proposes nothing")
    proposal = found.proposal()
    if proposal and same_owner(proposal.owner or "", owner):
        raise key_needed_to_turn_off(hand.who, owner)
    step = PolicyStep.OFF if proposal else PolicyStep.OFF_PROPOSED
    found.add(step, hand.who, hand.note, owner=owner, at_shell=hand.at_shell or None)


def _owner(current: Transaction, who: str) -> str | None:
    return KeyQueries(current).owners([prefix_of(who)]).get(prefix_of(who)) if is_key(who) else None


def _policy(current: Transaction, *, setting: bool) -> Policy:
    found = PolicyQueries(current)
    on = found.four_eyes()
    return Policy(on=setting if on is None else on, proposal=found.proposal(), changes=found.changes())
