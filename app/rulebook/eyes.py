"""Who takes the steps of the rule book, and whether two of them are somebody else (A25, A46)."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.rulebook.domain import Edition, SameEyes
from app.rulebook.remedies import Remedy

ANONYMOUS = "anonymous"  # whoever comes without a key where none is asked for
SERVICE = "service"  # what no person did
KEY = "key:"
MIGRATION = "migration "  # who wrote the edition that there was first
NOBODY = frozenset({ANONYMOUS, SERVICE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who takes a step, and why; `at_shell` is the operating system's user and host where a command does it."""

    who: str
    note: str = ""
    at_shell: str = ""


def name_of_key(prefix: str, name: str) -> str:
    """Return what is written down of somebody who came with a key."""
    return f"{KEY}{prefix} {name}"


def is_reserved(who: str) -> bool:
    """Tell whether nobody may call themselves so: it is what is written down of keys, migrations, and nobody known."""
    return who.casefold().startswith((KEY, MIGRATION)) or who.casefold() in NOBODY


def is_key(who: str) -> bool:
    """Tell whether somebody came with a key."""
    return who.startswith(KEY)


def is_known(author: str) -> bool:
    """Tell whether it is known who wrote an edition, so that somebody else can be told from them."""
    return author.startswith((KEY, MIGRATION))


def prefix_of(who: str) -> str:
    """Return the prefix of a key from what was written down of it: names repeat, and it tells one from another."""
    return who.removeprefix(KEY).partition(" ")[0]


def same_owner(one: str, other: str) -> bool:
    """Tell whether two keys are of one person, however the name was typed."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def refuse_same_eyes(edition: Edition, publisher: str, owners: Mapping[str, str]) -> None:
    """Return if a key of another owner than the author's publishes.

    `owners` says whose the keys are, by prefix; one that is missing has no owner yet. Raises `SameEyes` where the
    publisher is the author or may be. Each refusal says the next step that is open from here: first that the draft is
    somebody's, then that somebody else publishes it.
    """
    number, author = edition.edition, edition.author
    if not is_known(author):
        raise SameEyes(
            f"FOUR_EYES: edition {number} was drafted without a key, so nobody can know whose it is; draft it again "
            f"with a key of scope rules:write{_where_keys_count(publisher)}, and publish that with another key",
            draft_with_key(number),
        )
    if not is_key(publisher):
        raise SameEyes(
            f"FOUR_EYES: an edition is published over HTTP{_where_keys_count(publisher)}, with a key of scope "
            f"rules:publish that is not its author's ({author})",
            publish_with_key(number),
        )
    if prefix_of(author) == prefix_of(publisher):
        raise written_by_publisher(publisher, number)
    publishing = owners.get(prefix_of(publisher))
    if publishing is None:
        raise owner_missing(publisher, "publishes nothing")
    if is_key(author):
        _refuse_same_owner(number, author, owners.get(prefix_of(author)), publishing)


def written_by_publisher(who: str, number: int) -> SameEyes:
    """Return what is raised where the author of an edition publishes it."""
    return SameEyes(
        f"FOUR_EYES: {who} wrote edition {number}; publish it with another key of scope rules:publish",
        publish_with_key(number),
    )


def _refuse_same_owner(number: int, author: str, writing: str | None, publishing: str) -> None:
    if writing is None:
        raise owner_missing(author, f"wrote edition {number}, so nobody can know that another person publishes it")
    if same_owner(writing, publishing):
        raise SameEyes(
            f"FOUR_EYES: {publishing} owns both keys, the one that wrote edition {number} and this one; publish it "
            "with a key of scope rules:publish of another owner",
            publish_with_key(number),
        )


def owner_missing(who: str, therefore: str) -> SameEyes:
    """Return what is raised where a key has no owner, as those of 0.1 have none."""
    words = f"keys own {prefix_of(who)} NAME"
    return SameEyes(
        f"FOUR_EYES: {who} has no owner, and {therefore}; name whose key it is, at the shell of the service",
        Remedy(request=words, command=words),
    )


def key_needed_to_turn_off(who: str, owner: str = "") -> SameEyes:
    """Return what is raised where somebody turns four eyes off alone, or nobody knows who."""
    proposed = f"{owner} proposed to turn four eyes off, and another owner approves" if owner else ""
    told = proposed or "two different owners turn four eyes off: one proposes it, another one approves within a day"
    return SameEyes(
        f"FOUR_EYES: {told}, over HTTP{_where_keys_count(who)}, with a key of scope rules:publish", turn_off_with_key()
    )


def key_needed_to_turn_on() -> SameEyes:
    """Return what is raised where somebody without a key turns four eyes on: nobody could publish any more."""
    return SameEyes(
        f"FOUR_EYES: four eyes are those of two keys{_where_keys_count(ANONYMOUS)}; turn them on with a key of scope "
        "rules:publish",
        Remedy(request="PUT /rules/four-eyes", body='{"on": true}'),
    )


def draft_with_key(number: int) -> Remedy:
    """Return how an edition becomes that of a key; at the command line anybody may be anybody."""
    return Remedy(request="POST /rules", body=f'{{"edition": {number}}}')


def publish_with_key(number: int) -> Remedy:
    """Return how an edition is published with a key."""
    return Remedy(request=f"POST /rules/{number}/publish")


def turn_off_with_key() -> Remedy:
    """Return how four eyes are turned off, by each of two."""
    return Remedy(request="PUT /rules/four-eyes", body='{"on": false}')


def _where_keys_count(publisher: str) -> str:
    """Say what comes first where the service asks for no keys, as its answer to somebody without one shows."""
    return " (restart the service with ACCESS=keys first: now it asks for none)" if publisher == ANONYMOUS else ""
