"""Registered users, as plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredUser:
    """A user whom the platform has made known; `email` is unique without regard to case."""

    user_id: int
    name: str
    email: str


# The users of the README's examples (A15).
SAMPLE_USERS = (
    RegisteredUser(user_id=1, name="Ada Sample", email="ada@example.com"),
    RegisteredUser(user_id=2, name="Ben Sample", email="ben@example.com"),
    RegisteredUser(user_id=3, name="Cleo Sample", email="cleo@example.com"),
    RegisteredUser(user_id=4, name="Dan Sample", email="dan@example.com"),
)
