"""What to do next after a refusal, for both doors: the request to send, and the command that does the same (A27)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A request such as "POST /rules", its body in JSON, and the words of the command; "" where no command does it."""

    request: str
    body: str = ""
    command: str = ""

    def __str__(self) -> str:
        """Say it to a client, who may have no shell beside the service."""
        return f"{self.request} with {self.body}" if self.body else self.request
