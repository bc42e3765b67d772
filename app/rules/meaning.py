"""What a rule means to people: why it is there, how much it says, and what to do. No evaluation depends on it."""

from dataclasses import dataclass
from enum import StrEnum


class Indicator(StrEnum):
    """The kind of marker of harm that a rule looks for."""

    SPEND = "a"
    PATTERNS_OF_SPEND = "b"
    TIME = "c"
    GAMBLING_BEHAVIOUR = "d"
    CUSTOMER_LED_CONTACT = "e"
    USE_OF_MANAGEMENT_TOOLS = "f"
    ACCOUNT = "g"


WORDS = {
    Indicator.SPEND: "spend",
    Indicator.PATTERNS_OF_SPEND: "patterns of spend",
    Indicator.TIME: "time",
    Indicator.GAMBLING_BEHAVIOUR: "gambling behaviour",
    Indicator.CUSTOMER_LED_CONTACT: "customer-led contact",
    Indicator.USE_OF_MANAGEMENT_TOOLS: "use of management tools",
    Indicator.ACCOUNT: "account",
}
INDICATORS = ", ".join(f"{letter} {words}" for letter, words in WORDS.items())


class Strength(StrEnum):
    """How much an alert of the rule says by itself."""

    NORMAL = "normal"
    STRONG = "strong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The meaning of a rule; `guidance` is what to do. `strength` is None only where the rule itself is not known."""

    indicator: Indicator | None = None
    strength: Strength | None = None
    guidance: str | None = None


UNKNOWN = Meaning()
