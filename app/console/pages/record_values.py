"""What the forms of records mean: what was typed in the reader's time zone, as values, and back."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from app.console.pages.case_forms import CaseForm
from app.console.pages.record_forms import InteractionForm
from app.interactions.domain import DIRECT, Decided, Facts
from app.interactions.refusals import WrongRecord
from app.interactions.requests import ActionByHand, Concluding, Judgement, StepByPlatform
from app.interactions.words import Answer, Channel, Directness

FIELDS = {"follow_up_due_at": "days"}
AMOUNT_BELOW = Decimal(10) ** 12


def read(schema: type[CaseForm], typed: "MultiDict[str, str]") -> dict[str, Any]:
    """Return what was typed, read; raises `ValidationError`."""
    lists = {name: typed.getlist(name) for name in getattr(schema, "LISTS", ())}
    given: dict[str, Any] = schema().load({**typed.to_dict(), **lists})
    return given


def by_field(error: WrongRecord) -> dict[str, Any]:
    """Return what is wrong with a record by the fields of its form, which asks for days where a record has a time."""
    return {FIELDS.get(name, name): messages for name, messages in error.errors.items()}


def facts_of(given: dict[str, Any], zone: str, now: datetime) -> Facts:
    """Return the interaction that was typed by somebody in this zone; without a time it was just now."""
    channel, at = given["channel"], _moment(given["occurred_at"], zone, now)
    default = Directness.DIRECT if channel in DIRECT else Directness.INDIRECT
    told = given["told_of_contest"]
    same = ("attempt", "concern", "prompt", "template", "template_version", "said", "response", "understood")
    more = ("vulnerability", "next_step", "not_contacted_reason")
    return Facts(
        **{name: given[name] for name in (*same, *more)},
        sources=tuple(given["sources"]),
        offered=tuple(given["offered"]),
        accepted=tuple(given["accepted"]),
        actions=tuple(given["actions"]),
        occurred_at=at,
        channel=channel,
        directness=given["directness"] or default,
        reached=Answer.NO if channel is Channel.NONE else given["reached"],
        marketing_stopped_at=at if given["stopped_marketing"] else None,
        bonus_stopped_at=at if given["stopped_bonuses"] else None,
        action_from=at if given["actions"] else None,
        action_until=_end_of(given["action_until"], zone),
        told_of_contest={Answer.YES: True, Answer.NO: False}.get(told),
        follow_up_due_at=_in_days(given["days"], now),
    )


def action_of(given: dict[str, Any], zone: str, now: datetime) -> ActionByHand:
    """Return the action that was typed by somebody in this zone; without a time it was decided just now."""
    decided = Decided(
        kind=given["kind"],
        by=given["by"],
        decided_at=_moment(given["decided_at"], zone, now),
        reason=given["reason"].strip(),
        amount=_amount(given["amount"]),
        period=given["period"],
        action_until=_end_of(given["action_until"], zone),
    )
    return ActionByHand(decided=decided, next_step=given["next_step"], follow_up_due_at=_in_days(given["days"], now))


def step_of(given: dict[str, Any], zone: str, now: datetime) -> StepByPlatform:
    """Return the step that was typed by somebody in this zone."""
    at = _moment(given["happened_at"], zone, now)
    return StepByPlatform(step=given["step"], happened_at=at, text=given["text"])


def judgement_of(given: dict[str, Any]) -> Judgement:
    """Return what somebody decides about an action."""
    return Judgement(review=given["review"], reason=given["reason"])


def concluding_of(given: dict[str, Any]) -> Concluding:
    """Return what somebody decides about an evaluation."""
    return Concluding(verdict=given["verdict"], reason=given["reason"], further_action=given["further_action"])


def typed_of(facts: Facts, zone: str) -> "MultiDict[str, str]":
    """Return an interaction as it would be typed by somebody in this zone."""
    typed: MultiDict[str, str] = MultiDict()
    names = ("attempt", "prompt", "template", "template_version", "said", "vulnerability", "next_step")
    for name in (*names, "not_contacted_reason"):
        typed.add(name, str(getattr(facts, name)))
    for name in ("channel", "reached", "directness", "concern", "response", "understood"):
        typed.add(name, getattr(facts, name) or "")
    for name in InteractionForm.LISTS:
        typed.setlist(name, [each.value for each in getattr(facts, name)])
    typed.add("occurred_at", f"{facts.occurred_at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}")
    if facts.action_until:
        typed.add("action_until", f"{facts.action_until.astimezone(ZoneInfo(zone)):%Y-%m-%d}")
    if facts.told_of_contest is not None:
        typed.add("told_of_contest", "yes" if facts.told_of_contest else "no")
    for name, at in (("stopped_marketing", facts.marketing_stopped_at), ("stopped_bonuses", facts.bonus_stopped_at)):
        if at:
            typed.add(name, "yes")
    return typed


def _moment(local: datetime | None, zone: str, now: datetime) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone)) if local else now


def _end_of(day: date | None, zone: str) -> datetime | None:
    return datetime.combine(day, time.max, ZoneInfo(zone)) if day else None


def _in_days(days: int | None, now: datetime) -> datetime | None:
    return now + timedelta(days=days) if days else None


def _amount(amount: Decimal | None) -> Decimal | None:
    if amount is not None and not 0 < amount < AMOUNT_BELOW:
        raise ValidationError({"amount": ["Enter an amount above 0."]})
    return amount
