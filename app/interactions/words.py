"""The words of records: who, in which way, what was offered and done, and what came of it."""

from enum import StrEnum


class By(StrEnum):
    """Who did something."""

    STAFF = "staff"
    SYSTEM = "system"  # this service
    PLATFORM = "platform"


class Directness(StrEnum):
    """Whether a person spoke with the player, or a message was sent."""

    DIRECT = "direct"
    INDIRECT = "indirect"


class Channel(StrEnum):
    """In which way the player was contacted."""

    PHONE = "phone"
    CHAT = "chat"
    EMAIL = "email"
    IN_APP = "in_app"
    POP_UP = "pop_up"
    LETTER = "letter"
    NONE = "none"


class Answer(StrEnum):
    """Yes or no, or not known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Concern(StrEnum):
    """How great the concern was."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Source(StrEnum):
    """What was consulted before the player was contacted."""

    ACTIVITY = "activity"
    ALERTS = "alerts"
    EARLIER_CASES = "earlier_cases"
    PAYMENTS = "payments"
    DOCUMENTS = "documents"
    CUSTOMER_SERVICE = "customer_service"
    THIRD_PARTY = "third_party"


class Response(StrEnum):
    """How the player answered."""

    ACCEPTED = "accepted"
    EXPLAINED = "explained"
    REFUSED = "refused"
    DISTRESSED = "distressed"
    NONE = "none"


class Offer(StrEnum):
    """A tool or help that a player can be offered."""

    INFORMATION = "information"
    DEPOSIT_LIMIT = "deposit_limit"
    LOSS_LIMIT = "loss_limit"
    REALITY_CHECK = "reality_check"
    TIME_OUT = "time_out"
    SELF_EXCLUSION = "self_exclusion"
    BLOCKING_SOFTWARE = "blocking_software"
    SUPPORT_ORGANISATION = "support_organisation"


class ActionKind(StrEnum):
    """What is done to protect a player."""

    MONITOR = "monitor"
    MESSAGE = "message"
    TOOL_SUGGESTED = "tool_suggested"
    DIRECT_CONTACT = "direct_contact"
    DEPOSIT_LIMIT = "deposit_limit"
    TIME_OUT = "time_out"
    MARKETING_STOP = "marketing_stop"
    BONUS_STOP = "bonus_stop"
    DEPOSIT_BLOCK = "deposit_block"
    PRODUCT_BLOCK = "product_block"
    ACCOUNT_BLOCKED = "account_blocked"  # pending review
    SELF_EXCLUSION = "self_exclusion"  # assisted
    RELATIONSHIP_ENDED = "relationship_ended"


class Period(StrEnum):
    """What a deposit limit is for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class ActionStep(StrEnum):
    """What happens to an action after it was decided, each at most once."""

    EXECUTED = "executed"
    CUSTOMER_TOLD = "customer_told"
    REVIEWED = "reviewed"
    CONTESTED = "contested"
    CONTEST_DECIDED = "contest_decided"


class Review(StrEnum):
    """What a person decides about an automated action."""

    UPHELD = "upheld"
    CHANGED = "changed"
    LIFTED = "lifted"


class Verdict(StrEnum):
    """What has changed after an interaction."""

    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    WORSE = "worse"
    STOPPED = "stopped"  # the player deposits no more
    TOO_EARLY = "too_early"


class Awaited(StrEnum):
    """What waits for a person."""

    REVIEW = "review"  # of an automated action
    CONTEST = "contest"  # a decision about it
    EVALUATION = "evaluation"
