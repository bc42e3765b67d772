"""Who takes the steps of the rule book, and whether two of them are somebody else (A25)."""

from app.rulebook.domain import Edition, SameEyes

ANONYMOUS = "anonymous"  # whoever comes without a key where none is asked for
KEY = "key:"
MIGRATION = "migration "  # who wrote the edition that there was first


def name_of_key(prefix: str, name: str) -> str:
    """Return what is written down of somebody who came with a key."""
    return f"{KEY}{prefix} {name}"


def is_reserved(who: str) -> bool:
    """Tell whether nobody may call themselves so: it is what is written down of keys, migrations, and nobody known."""
    return who.casefold().startswith((KEY, MIGRATION)) or who.casefold() == ANONYMOUS


def refuse_same_eyes(edition: Edition, publisher: str) -> None:
    """Return if another key than the author's publishes; raises `SameEyes` where that is not so or cannot be known."""
    number, author = edition.edition, edition.author
    if not publisher.startswith(KEY):
        raise SameEyes(
            f"with FOUR_EYES an edition is published with the key of somebody else than its author, over HTTP and "
            f"where keys are asked for (ACCESS=keys): POST /rules/{number}/publish"
        )
    if not author.startswith((KEY, MIGRATION)):
        raise SameEyes(
            f"edition {number} was not drafted with a key, so nobody can know whose it is: draft it again with one, "
            f'POST /rules with {{"edition": {number}}}, and publish that with another'
        )
    if _prefix_of(author) == _prefix_of(publisher):
        raise SameEyes(f"{publisher} wrote edition {number}; somebody else has to publish it")


def _prefix_of(who: str) -> str:
    """Return what tells one key from another: names repeat."""
    return who.partition(" ")[0]
