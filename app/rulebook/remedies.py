"""What to do after a refusal: the HTTP request to send, and the command that does the same (A27)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A request such as "POST /rules", its JSON body, and the command; "" if no command does it."""

    request: str
    body: str = ""
    command: str = ""

    def __str__(self) -> str:
        """Return the request, for clients: they may have no shell on the service's machine."""
        return f"{self.request} with {self.body}" if self.body else self.request
