"""Bodies written by hand, letter by letter: a JSON library would never write most of what must be refused."""

MAX_BODY_BYTES = 16 * 1024
MAX_BATCH_BYTES = 256 * 1024
MAX_PLAYERS_BYTES = 64 * 1024
MAX_INTEGER = 2**63 - 1


def event_text(user_id: int, /, *extra: str, **literals: str | None) -> str:
    """Write a withdrawal of 42.00 at t = 1.

    Each literal takes the place of a member's value as JSON text, or with None takes the member away;
    each extra is a whole member, such as '"note": 1', put at the end.
    """
    members = {"type": '"withdraw"', "amount": '"42.00"', "user_id": str(user_id), "t": "1"} | literals
    written = [f'"{name}": {literal}' for name, literal in members.items() if literal is not None]
    return "{" + ", ".join([*written, *extra]) + "}"


def padded(text: str, size: int) -> bytes:
    """Fill up with the white space that JSON allows, to a size in bytes."""
    return text.encode().ljust(size)
