"""What pages call the states, steps and outcomes of cases, and how they mark them."""

from app.cases.domain import Outcome, Status, Step
from app.cases.requests import Tab
from app.rules.meaning import WORDS, Indicator, Strength

STATUS = {
    Status.NEW: ("New", "info"),
    Status.IN_REVIEW: ("In review", "neutral"),
    Status.MONITORING: ("Monitoring", "neutral"),
    Status.CLOSED: ("Closed", "ok"),
}
PRIORITY = {0: ("Urgent", "strong"), 1: ("High", "danger"), 2: ("Raised", "warning"), 3: ("Normal", "neutral")}
OUTCOME = {
    Outcome.NO_CONCERN: ("No concern", "looked into; nothing gives cause for concern"),
    Outcome.MONITORED: ("Monitored", "watched for a while; nothing more was needed"),
    Outcome.INFORMED: ("Informed", "the customer was given information"),
    Outcome.ACTION_TAKEN: ("Action taken", "such as a limit or a block"),
    Outcome.EXCLUDED: ("Excluded", "self-excluded, or we ended the relationship"),
    Outcome.DUPLICATE: ("Duplicate", "handled in another case"),
    Outcome.DATA_ERROR: ("Data error", "the events were wrong"),
}
TAB = {
    Tab.NEW: "New",
    Tab.MINE: "Mine",
    Tab.TEAM: "Team",
    Tab.MONITORING: "Monitoring",
    Tab.SNOOZED: "Snoozed",
    Tab.OVERDUE: "Overdue",
    Tab.STRONG: "Strong",
    Tab.CLOSED: "Closed",
}
EMPTY = {
    Tab.NEW: "No new cases",
    Tab.MINE: "No open case is assigned to you",
    Tab.TEAM: "No cases are in review",
    Tab.MONITORING: "No cases are monitored",
    Tab.SNOOZED: "No cases are snoozed",
    Tab.OVERDUE: "No cases are overdue",
    Tab.STRONG: "No open cases are strong",
    Tab.CLOSED: "No cases are closed yet",
}
STEP = {
    Step.OPENED: "Opened",
    Step.ALERTS: "More alerts",
    Step.TAKEN: "Taken",
    Step.ASSIGNED: "Assigned",
    Step.RELEASED: "Returned to queue",
    Step.SNOOZED: "Snoozed",
    Step.WOKEN: "Snooze ended",
    Step.WAITING: "Monitoring started",
    Step.RETURNED: "Back in review",
    Step.CLOSED: "Closed",
    Step.UNDONE: "Opened again",
    Step.NOTED: "Note",
    Step.MUTED: "Muted",
    Step.UNMUTED: "Mute ended",
    Step.INTERACTION: "Interaction",
    Step.ACTION: "Action",
    Step.EVALUATED: "Evaluated",
}
INDICATORS = [(each.value, WORDS[each].capitalize()) for each in Indicator]
STRENGTHS = [(each.value, each.value.capitalize()) for each in Strength]
OUTCOMES = [(each.value, *OUTCOME[each]) for each in Outcome]  # with what each means
OUTCOME_NAMES = [(each.value, OUTCOME[each][0]) for each in Outcome]
PRIORITIES = [(str(number), word) for number, (word, _) in PRIORITY.items()]
