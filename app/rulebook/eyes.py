"""Who takes the steps of the rule book, and whether two of them are somebody else (A25)."""

from app.rulebook.domain import Edition, SameEyes
from app.rulebook.remedies import Remedy

ANONYMOUS = "anonymous"  # whoever comes without a key where none is asked for
KEY = "key:"
MIGRATION = "migration "  # who wrote the edition that there was first


def name_of_key(prefix: str, name: str) -> str:
    """Return what is written down of somebody who came with a key."""
    return f"{KEY}{prefix} {name}"


def is_reserved(who: str) -> bool:
    """Tell whether nobody may call themselves so: it is what is written down of keys, migrations, and nobody known."""
    return who.casefold().startswith((KEY, MIGRATION)) or who.casefold() == ANONYMOUS


def is_known(author: str) -> bool:
    """Tell whether it is known who wrote an edition, so that somebody else can be told from them."""
    return author.startswith((KEY, MIGRATION))


def refuse_same_eyes(edition: Edition, publisher: str) -> None:
    """Return if another key than the author's publishes; raises `SameEyes` where that is not so or cannot be known.

    Each refusal says the next step that is open from here: first that the draft is somebody's, then that somebody
    else publishes it.
    """
    number, author = edition.edition, edition.author
    if not is_known(author):
        raise SameEyes(
            f"FOUR_EYES: edition {number} was drafted without a key, so nobody can know whose it is; draft it again "
            f"with a key of scope rules:write{_where_keys_count(publisher)}, and publish that with another key",
            draft_with_key(number),
        )
    if not publisher.startswith(KEY):
        raise SameEyes(
            f"FOUR_EYES: an edition is published over HTTP{_where_keys_count(publisher)}, with a key of scope "
            f"rules:publish that is not its author's ({author})",
            publish_with_key(number),
        )
    if _prefix_of(author) == _prefix_of(publisher):
        raise SameEyes(
            f"FOUR_EYES: {publisher} wrote edition {number}; publish it with another key of scope rules:publish",
            publish_with_key(number),
        )


def draft_with_key(number: int) -> Remedy:
    """Return how an edition becomes that of a key; at the command line anybody may be anybody."""
    return Remedy(request="POST /rules", body=f'{{"edition": {number}}}')


def publish_with_key(number: int) -> Remedy:
    """Return how an edition is published with a key."""
    return Remedy(request=f"POST /rules/{number}/publish")


def _where_keys_count(publisher: str) -> str:
    """Say what comes first where the service asks for no keys, as its answer to somebody without one shows."""
    return " (restart the service with ACCESS=keys first: now it asks for none)" if publisher == ANONYMOUS else ""


def _prefix_of(who: str) -> str:
    """Return what tells one key from another: names repeat."""
    return who.partition(" ")[0]
