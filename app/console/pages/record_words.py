"""What pages call the words of records."""

from enum import StrEnum

from app.interactions.domain import Action
from app.interactions.words import (
    ActionKind,
    ActionStep,
    Answer,
    Awaited,
    By,
    Channel,
    Concern,
    Directness,
    Offer,
    Period,
    Response,
    Review,
    Source,
    Verdict,
)

Options = list[tuple[str, str]]

CHANNEL = {
    Channel.PHONE: "Phone",
    Channel.CHAT: "Chat",
    Channel.EMAIL: "Email",
    Channel.IN_APP: "Message in the app",
    Channel.POP_UP: "Pop-up",
    Channel.LETTER: "Letter",
    Channel.NONE: "No contact",
}
ANSWER = {Answer.YES: "Yes", Answer.NO: "No", Answer.UNKNOWN: "Not known"}
RESPONSE = {
    Response.ACCEPTED: "Accepted help",
    Response.EXPLAINED: "Explained the play",
    Response.REFUSED: "Refused to talk",
    Response.DISTRESSED: "Distressed",
    Response.NONE: "No response",
}
BY = {By.STAFF: "a person", By.SYSTEM: "this service", By.PLATFORM: "the platform"}
DIRECTNESS = {Directness.DIRECT: "Direct: people spoke", Directness.INDIRECT: "Indirect: a message"}
ACTION = {
    ActionKind.ACCOUNT_BLOCKED: "Account blocked until a review",
    ActionKind.SELF_EXCLUSION: "Helped to self-exclude",
    ActionKind.TIME_OUT: "Time-out",
}
VERDICT = {
    Verdict.IMPROVED: ("Improved", "deposits are a quarter lower or more"),
    Verdict.UNCHANGED: ("Unchanged", "deposits are about the same"),
    Verdict.WORSE: ("Worse", "deposits are a quarter higher or more"),
    Verdict.STOPPED: ("Stopped", "the customer deposits no more"),
    Verdict.TOO_EARLY: ("Too early", "it cannot be told yet"),
}
REVIEW = {
    Review.UPHELD: ("Uphold", "the action stays as it is"),
    Review.CHANGED: ("Change", "say below what holds instead"),
    Review.LIFTED: ("Lift", "the action ends"),
}
STEP = {
    ActionStep.EXECUTED: "Executed",
    ActionStep.CUSTOMER_TOLD: "Customer told",
    ActionStep.REVIEWED: "Reviewed",
    ActionStep.CONTESTED: "Contested by the customer",
    ActionStep.CONTEST_DECIDED: "Contest decided",
}
AWAITED = {Awaited.REVIEW: "Review", Awaited.CONTEST: "Decide the contest", Awaited.EVALUATION: "Evaluate"}
SPANS = {86_400: "24 hours", 604_800: "7 days", 2_592_000: "30 days"}


def name(word: StrEnum) -> str:
    """Return a word as a page writes it: `deposit_limit` is "Deposit limit"."""
    for names in (CHANNEL, ANSWER, RESPONSE, BY, DIRECTNESS, ACTION):
        if word in names and type(word) is type(next(iter(names))):
            return str(names[word])  # type: ignore[index]  # of that kind
    return word.value.replace("_", " ").capitalize()


def options(words: type[StrEnum]) -> Options:
    """Return the words of a list."""
    return [(each.value, name(each)) for each in words]


CHANNELS, ANSWERS, RESPONSES = options(Channel), options(Answer), options(Response)
CONCERNS, SOURCES, OFFERS = options(Concern), options(Source), options(Offer)
ACTIONS, PERIODS, DIRECTNESSES = options(ActionKind), options(Period), options(Directness)
DECIDERS = [(By.PLATFORM.value, "Automatically"), (By.STAFF.value, "By a person")]
REVIEWS = [(each.value, *REVIEW[each]) for each in Review]  # with what each means
VERDICTS = [(each.value, *VERDICT[each]) for each in Verdict]
BY_HAND = (ActionStep.EXECUTED, ActionStep.CUSTOMER_TOLD, ActionStep.CONTESTED)


def steps_left(action: Action) -> Options:
    """Return what a person may note about an action, since it has not happened yet."""
    return [(each.value, STEP[each]) for each in BY_HAND if action.taken(each) is None]


def span(seconds: int) -> str:
    """Return a span of a record."""
    return SPANS.get(seconds) or f"{max(1, round(seconds / 86_400))} days"
