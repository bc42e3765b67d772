"""What the team does with the cases that its players' alerts open: steps through the controllers, now and by name.

Who does what follows from the seed and the players, whatever numbers the cases have. Decks, and not dice, choose the
steps, so that every state and outcome is there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from random import Random

from app.cases import controllers, others, reading
from app.cases.domain import Case, Outcome, Status
from app.cases.requests import CaseListQuery, CaseRef, Closing, Opening
from app.rules.meaning import Indicator, Strength
from app.staff.permissions import Actor
from demo import notes, records
from demo.people import ANALYSTS, MARIA, RUTH
from demo.site import ROOT, DemoFailed, Site
from demo.staffing import Team

PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where somebody works on one case: `who` with a colleague and a lead beside them."""

    site: Site
    random: Random
    who: Actor
    colleague: Actor
    lead: Actor
    case: Case

    @property
    def ref(self) -> CaseRef:
        """The case, whatever has happened meanwhile."""
        return CaseRef(case_id=self.case.id)

    def take(self) -> None:
        """Make the case one's own."""
        controllers.take(self.site.cases, self.who, self.ref)

    def note(self, text: str) -> None:
        """Write a note."""
        controllers.note(self.site.cases, self.who, self.ref, text)

    def look(self) -> None:
        """Take the case, and write down what is to be seen."""
        self.take()
        seen = [text for code in self.case.codes for text in notes.SEEN.get(code, ())] or notes.SEEN_ELSEWHERE
        self.note(self.random.choice(seen))

    def close(self, outcome: Outcome) -> None:
        """Record what was done, and close the case; a strong one without a talk goes to the lead."""
        story = self.random.choice(notes.STORIES[outcome])
        if has_talk := outcome in {Outcome.INFORMED, Outcome.ACTION_TAKEN}:
            self.talk(story.done)
        else:
            self.note(story.done)
        is_strong = self.case.strength is Strength.STRONG and not has_talk
        closing = Closing(outcome=outcome, reason=story.reason, why_no_interaction=story.why if is_strong else "")
        controllers.close(self.site.cases, self.lead if is_strong else self.who, self.ref, closing)

    def talk(self, said: str) -> None:
        """Talk with the customer."""
        records.talk(self.site, self.random, self.who, self.case, said)

    def snooze(self, days: int, reason: str, who: Actor) -> None:
        """Let the case sleep."""
        controllers.snooze(self.site.cases, who, self.ref, until=in_days(days), reason=reason)


Work = Callable[[Desk], None]


def in_days(days: int) -> datetime:
    """Return the moment so many days from now."""
    return datetime.now(UTC) + timedelta(days=days)


def leave(_: Desk) -> None:
    """Do nothing."""


def begin(desk: Desk) -> None:
    """Take the case, and write what there is to see."""
    desk.look()


def follow_up(desk: Desk) -> None:
    """Take the case, and try to reach the customer."""
    desk.look()
    desk.note(desk.random.choice(notes.DONE))
    records.try_in_vain(desk.site, desk.random, desk.who, desk.case)


def hand_over(desk: Desk) -> None:
    """Write a long note, and give the case to somebody else by way of the lead."""
    desk.look()
    desk.note(notes.LONG)
    controllers.note(desk.site.cases, desk.lead, desk.ref, notes.ASSIGNED)
    to = desk.colleague.staff_id
    if to is None:
        raise DemoFailed(f"{desk.colleague.name} has no account")
    controllers.assign(desk.site.cases, desk.lead, desk.ref, to)


def put_back(desk: Desk) -> None:
    """Take the case, and put it back."""
    desk.take()
    controllers.release(desk.site.cases, desk.who, desk.ref)


def closing(outcome: Outcome) -> Work:
    """Return the work that ends with this outcome."""

    def work(desk: Desk) -> None:
        desk.look()
        desk.close(outcome)

    return work


def close_and_reopen(desk: Desk) -> None:
    """Close the case, and take that back."""
    desk.look()
    desk.close(Outcome.NO_CONCERN)
    controllers.undo_close(desk.site.cases, desk.lead, desk.ref)
    desk.note(notes.UNDONE)


def monitor(desk: Desk) -> None:
    """Talk with the customer, and wait for the effect."""
    desk.look()
    desk.talk(desk.random.choice(notes.DONE))
    days, text = desk.random.choice(notes.WAITS)
    controllers.wait_for_effect(desk.site.cases, desk.who, desk.ref, evaluate_at=in_days(days), note=text)


def snooze(desk: Desk) -> None:
    """Let the case sleep for some days."""
    desk.look()
    days, reason = desk.random.choice(notes.SNOOZES)
    desk.snooze(days, reason, desk.who)


def snooze_long(desk: Desk) -> None:
    """Have the lead let the case sleep for longer than an analyst may."""
    desk.look()
    desk.snooze(*notes.LONG_SNOOZE, desk.lead)


def mute(desk: Desk) -> None:
    """Mute a code of the customer."""
    desk.look()
    days, reason = desk.random.choice(notes.MUTES)
    code = desk.case.codes[0]
    others.mute(desk.site.cases, desk.who, desk.ref, code=code, until=in_days(days), reason=reason)


def mute_and_close(desk: Desk) -> None:
    """Mute a code of the customer, and close the case."""
    mute(desk)
    desk.close(Outcome.NO_CONCERN)


CLOSINGS = {closing(outcome): 1 for outcome in Outcome} | {
    closing(Outcome.NO_CONCERN): 7,
    closing(Outcome.INFORMED): 4,
    closing(Outcome.ACTION_TAKEN): 3,
    closing(Outcome.MONITORED): 2,
}
# How often each piece of work comes in a deck, in the first half of the month and in the second.
FIRST = {**CLOSINGS, mute_and_close: 2, monitor: 3, snooze: 3, follow_up: 3, leave: 3}
SECOND = {
    leave: 17,
    begin: 4,
    follow_up: 5,
    monitor: 4,
    snooze: 3,
    snooze_long: 1,
    mute: 1,
    put_back: 1,
    hand_over: 1,
    close_and_reopen: 1,
    closing(Outcome.ACTION_TAKEN): 2,
    closing(Outcome.NO_CONCERN): 2,
    closing(Outcome.EXCLUDED): 1,
}


def work(site: Site, team: Team, seed: int, deck: dict[Work, int]) -> int:
    """Work on all open cases that nobody has; return on how many."""
    random = Random(f"{seed}:work")  # noqa: S311  # so that the work is the same each time
    waiting = [case for case in cases(site, Status.NEW) if case.snoozed_until is None]
    for case, todo in zip(waiting, shuffled(deck, random), strict=False):
        who, colleague = (team[member.key] for member in random.sample(ANALYSTS, 2))
        todo(Desk(site=site, random=random, who=who, colleague=colleague, lead=team[RUTH.key], case=case))
    return len(waiting)


def shuffled(deck: dict[Work, int], random: Random) -> Iterator[Work]:
    """Return the deck again and again, each time in another order, the first time beginning with one card of each."""
    first = list(deck)
    rest = list(chain.from_iterable(repeat(todo, count - 1) for todo, count in deck.items()))
    while True:
        random.shuffle(first)
        random.shuffle(rest)
        yield from (*first, *rest)
        first, rest = [], [*first, *rest]


def cases(site: Site, status: Status) -> Sequence[Case]:
    """Return all cases in a state, by player."""
    found: list[Case] = []
    before: int | None = None
    while True:
        page = reading.cases(site.cases, ROOT, CaseListQuery(limit=PAGE, before=before, status=status))
        found += page.cases
        before = page.next_before
        if before is None:
            return sorted(found, key=lambda case: (case.user_id, case.opened_at))


def open_by_hand(site: Site, team: Team, players: Sequence[int]) -> None:
    """Open a case about what a customer has written, for the first player who has none."""
    busy = {case.user_id for status in Status if status is not Status.CLOSED for case in cases(site, status)}
    user_id = next(each for each in players if each not in busy)
    opening = Opening(
        user_id=user_id, indicator=Indicator.CUSTOMER_LED_CONTACT, reason=notes.BY_HAND, strength=Strength.STRONG
    )
    controllers.open_by_hand(site.cases, team[MARIA.key], opening)


def keep_what_people_keep(site: Site, team: Team) -> None:
    """Save lists of cases for those who come back to them, and a note that is half written."""
    maria, ruth = team[MARIA.key], team[RUTH.key]
    for who, name, query in (
        (maria, "Failed deposits", "tab=new&code=8001"),
        (maria, "My strong ones", "tab=mine&strength=strong"),
        (ruth, "Urgent, whoever has it", "tab=team&priority=0"),
    ):
        others.save_view(site.cases, who, name, {"address": f"/console/cases?{query}"})
    own = next((case for case in cases(site, Status.IN_REVIEW) if case.assignee == maria.staff_id), None)
    if own:
        others.keep_draft(site.cases, maria, own.id, "Called again at 9:15. He says that")
