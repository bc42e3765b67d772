"""The list that somebody comes from to a case, in its address: the way back to the row, and to the cases beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.console.cookies import is_page

CASES = "/console/cases"
DIGITS = 19  # of the biggest number that is stored
MAX_ADDRESS = 2000  # characters of a list's address
MAX_ROWS = 100  # cases of a list that are remembered


def back_to_list(text: str) -> str:
    """Return the address of the list that somebody comes from, else that of the queue."""
    is_list = text == CASES or text.startswith(f"{CASES}?")
    return text if is_list and is_page(text) and len(text) <= MAX_ADDRESS else CASES


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The address of a list, "" for none, and the cases that it showed, in its order."""

    address: str = ""
    rows: Sequence[int] = ()

    @property
    def query(self) -> str:
        """What the address of a case and of its steps ends with."""
        if not self.address:
            return ""
        rows = [("rows", ".".join(map(str, self.rows)))] if self.rows else []
        return f"?{urlencode([('list', self.address), *rows])}"

    def to(self, case_id: int) -> str:
        """Return the address of a case, on this trail."""
        return f"{CASES}/{case_id}{self.query}"

    def back(self, case_id: int) -> str:
        """Return the address of the list, at the row of a case."""
        return f"{self.address or CASES}#row-{case_id}"

    def beside(self, case_id: int) -> tuple[str, str]:
        """Return the addresses of the cases before and after one in the list, "" where there is none."""
        if case_id not in self.rows:
            return "", ""
        place = self.rows.index(case_id)
        before = self.to(self.rows[place - 1]) if place else ""
        return before, self.to(self.rows[place + 1]) if place + 1 < len(self.rows) else ""


def trail_in(asked: Mapping[str, str]) -> Trail:
    """Return the trail in an address; without a list there is none."""
    if not asked.get("list"):
        return Trail()
    words = asked.get("rows", "").split(".")[:MAX_ROWS]
    rows = [int(word) for word in words if word.isascii() and word.isdigit() and len(word) <= DIGITS]
    return Trail(address=back_to_list(asked["list"]), rows=rows)
