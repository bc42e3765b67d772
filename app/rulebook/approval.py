"""Who takes the steps of the rule book, and when publishing needs a second person (A25, A46, A82)."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.access.actors import ANONYMOUS, KEY, MIGRATION, STAFF
from app.rulebook.domain import Edition, SelfApproval
from app.rulebook.remedies import Remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who takes a step, and why; for a command, `at_shell` is the operating system's user and host.

    `form` tells a form of a page from all others: sent twice, it is one step.
    """

    actor: str
    reason: str = ""
    at_shell: str = ""
    form: str | None = None


def is_key(who: str) -> bool:
    """Return whether this is the name of a key."""
    return who.startswith(KEY)


def is_person(who: str) -> bool:
    """Return whether this is the name of somebody who has signed in to the console."""
    return who.startswith(STAFF)


def is_author_known(author: str) -> bool:
    """Return whether the author is known, so that another person can be told apart."""
    return author.startswith((KEY, STAFF, MIGRATION))


def account_of(who: str) -> str:
    """Return the number of the account from the recorded name of a person: names may repeat, numbers do not."""
    return who.removeprefix(STAFF).partition(" ")[0]


def prefix_of(who: str) -> str:
    """Return the prefix from the recorded name of a key: names may repeat, prefixes do not."""
    return who.removeprefix(KEY).partition(" ")[0]


def same_owner(one: str, other: str) -> bool:
    """Return whether two owners are the same person, whatever the case and spaces of the names."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def refuse_self_approval(edition: Edition, publisher: str, owners: Mapping[str, str]) -> None:
    """Return if the publisher is another person than the author: two accounts of staff, or two owners of keys.

    `owners` maps prefixes of keys to their owners; a key that is missing has no owner yet. Raises `SelfApproval` if the
    publisher is, or may be, the author; a person and a key may always be the same. Each refusal names the next possible
    step: first the draft needs a known author, then another person has to publish it.
    """
    if is_person(publisher):
        _refuse_person(edition, publisher)
    else:
        _refuse_key(edition, publisher, owners)


def _refuse_person(edition: Edition, publisher: str) -> None:
    """Return if somebody who has signed in publishes what another account drafted, or what a migration wrote."""
    number, author = edition.edition, edition.author
    if is_person(author):
        if account_of(author) == account_of(publisher):
            raise SelfApproval(f"four eyes are on: you drafted edition {number}, so somebody else has to publish it")
    elif not author.startswith(MIGRATION):
        how = "with a key" if is_key(author) else "at a shell or without a key"
        raise SelfApproval(
            f"four eyes are on: edition {number} was drafted {how}, so that its author may be you: draft it again "
            "here, and somebody else publishes that"
        )


def _refuse_key(edition: Edition, publisher: str, owners: Mapping[str, str]) -> None:
    number, author = edition.edition, edition.author
    if is_person(author):
        raise SelfApproval(
            f"FOUR_EYES: {author} drafted edition {number} in the console, where another person has to publish it; or "
            "draft it again with a key of scope rules:write, then publish that draft with another owner's",
            draft_with_key(number),
        )
    if not is_author_known(author):
        raise SelfApproval(
            f"FOUR_EYES: edition {number} was drafted without a key, so its author is unknown; draft it again "
            f"with a key of scope rules:write{_restart_hint(publisher)}, then publish that draft with another key",
            draft_with_key(number),
        )
    if not is_key(publisher):
        raise SelfApproval(
            f"FOUR_EYES: an edition is published over HTTP{_restart_hint(publisher)}, with a key of scope "
            f"rules:publish that is not its author's ({author})",
            publish_with_key(number),
        )
    if prefix_of(author) == prefix_of(publisher):
        raise written_by_publisher(publisher, number)
    publishing = owners.get(prefix_of(publisher))
    if publishing is None:
        raise owner_missing(publisher, "so it cannot publish")
    if is_key(author):
        _refuse_same_owner(number, author, owners.get(prefix_of(author)), publishing)


def written_by_publisher(who: str, number: int) -> SelfApproval:
    """Return the refusal of an author who publishes their own edition."""
    return SelfApproval(
        f"FOUR_EYES: {who} wrote edition {number}; publish it with another key of scope rules:publish",
        publish_with_key(number),
    )


def _refuse_same_owner(number: int, author: str, writing: str | None, publishing: str) -> None:
    if writing is None:
        raise owner_missing(author, f"so it is unknown whether another person publishes its edition {number}")
    if same_owner(writing, publishing):
        raise SelfApproval(
            f"FOUR_EYES: {publishing} owns both keys, this one and the one that wrote edition {number}; publish it "
            "with another owner's key of scope rules:publish",
            publish_with_key(number),
        )


def owner_missing(who: str, consequence: str) -> SelfApproval:
    """Return the refusal of a key without an owner, such as every key of 0.1."""
    words = f"keys own {prefix_of(who)} NAME"
    return SelfApproval(
        f"FOUR_EYES: {who} has no owner, {consequence}; name its owner, in a shell on the service's machine",
        Remedy(request=words, command=words),
    )


def key_needed_to_turn_off(who: str, owner: str = "") -> SelfApproval:
    """Return the refusal of somebody unknown, or a single owner, who turns four eyes off."""
    proposed = f"{owner} proposed to turn four eyes off, and another owner approves" if owner else ""
    reason = proposed or "two different owners turn four eyes off: one proposes it, the other approves within a day"
    return SelfApproval(
        f"FOUR_EYES: {reason}, over HTTP{_restart_hint(who)}, with a key of scope rules:publish", turn_off_with_key()
    )


def key_needed_to_turn_on() -> SelfApproval:
    """Return the refusal of a client without a key who turns four eyes on: nobody could publish any more."""
    return SelfApproval(
        f"FOUR_EYES: four eyes need two keys{_restart_hint(ANONYMOUS)}; turn them on with a key of scope rules:publish",
        Remedy(request="PUT /rules/four-eyes", body='{"on": true}'),
    )


def draft_with_key(number: int) -> Remedy:
    """Return how to draft an edition again with a key; a command does not prove who types it."""
    return Remedy(request="POST /rules", body=f'{{"edition": {number}}}')


def publish_with_key(number: int) -> Remedy:
    """Return how to publish an edition with a key."""
    return Remedy(request=f"POST /rules/{number}/publish")


def turn_off_with_key() -> Remedy:
    """Return the request that each of two owners sends to turn four eyes off."""
    return Remedy(request="PUT /rules/four-eyes", body='{"on": false}')


def _restart_hint(publisher: str) -> str:
    """Return what to do first if the service requires no keys, as it does not if it let somebody in without one."""
    return " (restart the service with ACCESS=keys first: now it requires none)" if publisher == ANONYMOUS else ""
