"""What pages call the parts of a customer's page, and of the file."""

from app.customers.domain import Tab
from app.customers.lines import LineKind
from app.customers.ranges import Range
from app.rules.event import EventType
from app.rules.wording import NOUNS

TAB = {Tab.ALERTS: "Alerts", Tab.MONEY: "Money", Tab.CASES: "Cases", Tab.INTERACTIONS: "Interactions"}
RANGE = {Range.DAY: "24 h", Range.WEEK: "7 d", Range.MONTH: "30 d", Range.ALL: "All"}
WITHIN = {Range.DAY: "24 h", Range.WEEK: "7 days", Range.MONTH: "30 days", Range.ALL: "All"}
EVENT = {kind: noun.capitalize() for kind, noun in NOUNS.items()}
SYMBOL = {
    EventType.DEPOSIT: "arrow-up",
    EventType.WITHDRAW: "arrow-down",
}
PART = {
    LineKind.REGISTER: "Register",
    LineKind.CASE: "Cases",
    LineKind.STEP: "Steps of the cases",
    LineKind.INTERACTION: "Interactions",
    LineKind.ALERT: "Alerts",
    LineKind.SHADOW: "Alerts of the shadow, which nobody was told of",
    LineKind.CORRECTION: "Corrections of events",
    LineKind.EVENT: "Money",
}
