"""Who takes the steps of the rule book, and whether two of them are somebody else (A25)."""

from app.rulebook.domain import Edition, SameEyes

ANONYMOUS = "anonymous"  # whoever comes without a key where none is asked for
KEY = "key:"


def name_of_key(prefix: str, name: str) -> str:
    """Return what is written down of somebody who came with a key."""
    return f"{KEY}{prefix} {name}"


def is_reserved(who: str) -> bool:
    """Tell whether nobody may call themselves so: it is what is written down of keys, and of nobody known."""
    return who.casefold().startswith(KEY) or who.casefold() == ANONYMOUS


def identity_of(who: str) -> str:
    """Return what tells one from another: of a key its prefix, since names repeat; of a person the name in any case."""
    return who.partition(" ")[0] if who.startswith(KEY) else who.casefold()


def refuse_same_eyes(edition: Edition, publisher: str) -> None:
    """Return if somebody else than the author publishes; raises `SameEyes` where that is not so or cannot be known."""
    if publisher == ANONYMOUS:
        raise SameEyes(
            "FOUR_EYES asks for the key of somebody else than the author, and where no keys are asked for nobody is "
            "known: run the service with ACCESS=keys"
        )
    if edition.author == ANONYMOUS:
        raise SameEyes(
            f"nobody knows who wrote edition {edition.edition}: draft it again with a key, and publish it with another"
        )
    if identity_of(edition.author) == identity_of(publisher):
        raise SameEyes(f"{publisher} wrote edition {edition.edition}; somebody else has to publish it")
