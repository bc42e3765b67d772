"""What the demo's team writes about cases: what was seen by code, what was done, and why cases were closed.

Nothing here names a number or a time that the alerts of the case could contradict.
"""

from dataclasses import dataclass

from app.cases.domain import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """How a case ends: what was done, why it is closed, and, of a strong case, why there was no interaction."""

    done: str
    reason: str
    why: str


SEEN = {
    1100: (
        "Most of the balance withdrawn after a good weekend. Account is verified, same bank account since 2023.",
        "A win, by the look of it. Worth a look only if large deposits follow.",
    ),
    300: (
        "Deposits rise step by step within one session, then stop. Will compare with the months before.",
        "Each deposit larger than the one before, and hardly a pause between them. Will call.",
        "Rising, but from a low start. Same pattern in the month before, nothing came of it then.",
    ),
    123: (
        "Much in one evening. Compared with the three months before this is about three times the usual hour.",
        "High for this customer but not new: deposits for the whole week come on one evening.",
    ),
    8001: (
        "Refusals by the bank, then a card that works. Asked payments whose it is.",
        "Card was replaced last week, says payments; the failures are of the old one. Account looks calm otherwise.",
    ),
    8002: (
        "Refusal after refusal and no pause between them. Deposits are the concern here, not the card.",
        "Kept trying with smaller and smaller amounts. Seems to try out what still works.",
    ),
    8003: (
        "Took withdrawals back and played them down each time.",
        "In the chat after the second one: “just pay it out please, I keep taking it back”.",
    ),
    8005: (
        "Many small deposits rather than few large ones, most of them late in the evening.",
        "One deposit after the other within the day. Tool for deposit limits has never been used.",
    ),
    8008: (
        "Net deposits of the week are more than those of the whole month before.",
        "Well above the bound for a week. Proof of income of last spring does not carry this.",
    ),
}
SEEN_ELSEWHERE = ("Read through the last 30 days. Nothing beyond what the alert says.",)

DONE = (
    "Called before noon, no answer. Left a message without details; next try tomorrow.",
    "Ten minutes on the phone. Friendly, says the money is a bonus from work. Sent the link to the limit tool.",
    "Message on limits and time-outs is sent. Marketing is off for 30 days.",
    "Second call. Wants to be left alone; listened to what we see and can offer, and will think about a time-out.",
    "Asked payments whose card it is. They answer by tomorrow.",
    "Chat: it was a bad week, it will not happen again. Offered a limit; will look at it tonight.",
)
LONG = """Summary for whoever takes this on.

1. The customer has been with us since 2021 and played about 40 a month until September.
2. Since then sessions start later and later; deposits follow refusals within a minute.
3. Two calls without an answer, one chat. In the chat: "I know it is too much, it is only until the end of the month."

Next: one more call this week. If there is no answer, I will propose a deposit limit of 50 a week to Ruth."""

STORIES = {
    Outcome.NO_CONCERN: (
        Story(
            done="Compared with the last three months: the same amounts, the same evenings.",
            reason="Within what this customer has always played; proof of income on file covers it.",
            why="Nothing to talk about: known pattern, checked with the lead in the case before.",
        ),
        Story(
            done="Short call. Friends were visiting, they played together. Knows the limit tool.",
            reason="A single evening, says the customer. Amounts are back to usual since.",
            why="The call was on another matter and is noted there; no need for a second one.",
        ),
        Story(
            done="Payments confirms: card belongs to the customer, same name, same bank.",
            reason="New card after a lost one, which explains the alerts. No other sign.",
            why="The sign was the card, not the play.",
        ),
    ),
    Outcome.MONITORED: (
        Story(
            done="Nothing since the alert. Left it open for a look at the next days.",
            reason="Deposits went down by themselves.",
            why="Play stopped before we could call.",
        ),
    ),
    Outcome.INFORMED: (
        Story(
            done="Message on limits and time-outs is sent.",
            reason="Read the message the same evening and answered with thanks.",
            why="A message was enough: the customer answered and asked for no call.",
        ),
        Story(
            done="Talked about the week for ten minutes.",
            reason="Knows the tools and does not want one at present. Will hear from us if it goes on.",
            why="Talked before the alert became strong; the note above has it.",
        ),
    ),
    Outcome.ACTION_TAKEN: (
        Story(
            done="Agreed on a deposit limit of 100 a week on the phone.",
            reason="Deposit limit is in force since today.",
            why="The talk was on the phone and is noted above; it is not recorded elsewhere yet.",
        ),
        Story(
            done="Asks for a pause. Time-out of 30 days, marketing stopped.",
            reason="Time-out at the customer's own wish.",
            why="The customer came to us, so we did not call.",
        ),
        Story(
            done="Deposits are blocked until the source of the money is shown; told how to contest this.",
            reason="Blocked for now. Reopens by itself if anything else comes.",
            why="Told by letter, on the advice of the compliance officer.",
        ),
    ),
    Outcome.EXCLUDED: (
        Story(
            done="Asks for self-exclusion. Done together, balance paid out.",
            reason="Self-excluded for five years.",
            why="The customer excluded himself before we could call.",
        ),
    ),
    Outcome.DUPLICATE: (
        Story(
            done="Same evening, same card as in the account of the partner, who has a case already.",
            reason="Handled in the partner's case.",
            why="The talk was with the partner.",
        ),
    ),
    Outcome.DATA_ERROR: (
        Story(
            done="Asked payments: these are the events of a test account.",
            reason="Test events on the live system. Payments reverse them.",
            why="There is no customer behind this account.",
        ),
    ),
}
NEXT_STEPS = (
    "Look whether the limit is set.",
    "Call again and ask how the week was.",
    "Check that no marketing was sent.",
    "Ask payments for the proof of income.",
)
AUTOMATED = "Strong indicator: net deposits of the week are far above those of the month before."
CONTEST = "This is my own money, and I can show where it comes from. I want to deposit again."
REVIEWED = "Looked at the month: the rule is right about this customer, see the notes of the case."
LIFTED = "The customer has sent two pay slips, which carry the deposits."
VERDICTS = {
    "improved": "Deposits are well below those of the weeks before, and no refusals since.",
    "unchanged": "As before the talk. Will offer a limit once more.",
    "stopped": "No deposits since the talk.",
}
SNOOZES = (
    (1, "Call is arranged for tomorrow at 11:00."),
    (2, "Waiting for payments to say whose card this is."),
    (3, "Asked for proof of income by e-mail; three days are usual."),
    (7, "On holiday until Monday, says the auto-reply."),
)
LONG_SNOOZE = (21, "In hospital until the 20th, his daughter called. Account is paused, nothing can happen before.")
WAITS = (
    (7, "Limit of 100 a week is set: deposits should stay below it without new refusals."),
    (14, "Message sent. Fewer than three sessions a week would be an effect."),
    (30, "Time-out ends in 30 days. See whether play comes back as it was."),
)
MUTES = (
    (14, "Known pattern, documented and checked in the last case. Anything else is still news."),
    (30, "Explained twice by the customer and written down both times. Twice the value still comes through."),
)
BY_HAND = (
    "Wrote to support: “please help me, I cannot stop and rent is due”. Support called back, spoke with his partner."
)
UNDONE = "Closed too fast: the customer has just called back. Opened again."
ASSIGNED = "Please take this one, you know the customer from March."
