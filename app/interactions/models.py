"""The tables of interactions, actions and evaluations, of the steps and decisions that follow, and of what waits.

Triggers allow only new rows in all of them but the last.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may

MOMENT = DateTime(timezone=True)


class InteractionRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """An interaction; a correction is a new row. `given_digest` is of the platform's body, to know it again."""

    __tablename__ = "interaction"
    __table_args__ = (
        CheckConstraint("\"by\" IN ('staff', 'system', 'platform')", name="by_known"),
        CheckConstraint("(external_id IS NULL) = (given_digest IS NULL)", name="digest_of_given"),
        Index("ix_interaction_user_id_id", "user_id", "id"),
        Index("ix_interaction_case_id_id", "case_id", "id", postgresql_where=text("case_id IS NOT NULL")),
        Index(
            "uq_interaction_corrects_id", "corrects_id", unique=True, postgresql_where=text("corrects_id IS NOT NULL")
        ),
        Index(
            "uq_interaction_external_id", "external_id", unique=True, postgresql_where=text("external_id IS NOT NULL")
        ),
        may(
            insert="user_id case_id corrects_id correction_reason external_id given_digest by who staff_id recorded_at"
            " occurred_at channel directness attempt reached concern prompt prompt_alerts sources template"
            " template_version said response understood vulnerability offered accepted actions marketing_stopped_at"
            " bonus_stopped_at action_from action_until told_of_contest next_step follow_up_due_at"
            " not_contacted_reason behaviour digest"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("care_case.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"))
    correction_reason: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    given_digest: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_account.id"))
    recorded_at: Mapped[datetime] = mapped_column(MOMENT)
    occurred_at: Mapped[datetime] = mapped_column(MOMENT)
    channel: Mapped[str] = mapped_column(Text)
    directness: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(SmallInteger)
    reached: Mapped[str] = mapped_column(Text)
    concern: Mapped[str | None] = mapped_column(Text)
    prompt: Mapped[str] = mapped_column(Text)
    prompt_alerts: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    sources: Mapped[list[str]] = mapped_column(ARRAY(Text))
    template: Mapped[str] = mapped_column(Text)
    template_version: Mapped[str] = mapped_column(Text)
    said: Mapped[str] = mapped_column(Text)
    response: Mapped[str | None] = mapped_column(Text)
    understood: Mapped[str | None] = mapped_column(Text)
    vulnerability: Mapped[str] = mapped_column(Text)
    offered: Mapped[list[str]] = mapped_column(ARRAY(Text))
    accepted: Mapped[list[str]] = mapped_column(ARRAY(Text))
    actions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    marketing_stopped_at: Mapped[datetime | None] = mapped_column(MOMENT)
    bonus_stopped_at: Mapped[datetime | None] = mapped_column(MOMENT)
    action_from: Mapped[datetime | None] = mapped_column(MOMENT)
    action_until: Mapped[datetime | None] = mapped_column(MOMENT)
    told_of_contest: Mapped[bool | None] = mapped_column(Boolean)
    next_step: Mapped[str] = mapped_column(Text)
    follow_up_due_at: Mapped[datetime | None] = mapped_column(MOMENT)
    not_contacted_reason: Mapped[str] = mapped_column(Text)
    behaviour: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(Text)


class ActionRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """An action to protect a player, decided automatically or by a person."""

    __tablename__ = "automated_action"
    __table_args__ = (
        CheckConstraint("\"by\" IN ('staff', 'system', 'platform')", name="by_known"),
        CheckConstraint("(external_id IS NULL) = (given_digest IS NULL)", name="digest_of_given"),
        CheckConstraint("(\"by\" = 'staff') = (review_due_at IS NULL)", name="review_of_automated"),
        Index("ix_automated_action_user_id_id", "user_id", "id"),
        Index("ix_automated_action_case_id_id", "case_id", "id", postgresql_where=text("case_id IS NOT NULL")),
        Index(
            *("uq_automated_action_external_id", "external_id"),
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        may(
            insert="user_id case_id external_id given_digest by who staff_id recorded_at kind amount period reason"
            " codes decided_at action_until review_due_at next_step follow_up_due_at behaviour digest"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("care_case.id"))
    external_id: Mapped[str | None] = mapped_column(Text)
    given_digest: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_account.id"))
    recorded_at: Mapped[datetime] = mapped_column(MOMENT)
    kind: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    period: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    codes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    decided_at: Mapped[datetime] = mapped_column(MOMENT)
    action_until: Mapped[datetime | None] = mapped_column(MOMENT)
    review_due_at: Mapped[datetime | None] = mapped_column(MOMENT)
    next_step: Mapped[str] = mapped_column(Text)
    follow_up_due_at: Mapped[datetime | None] = mapped_column(MOMENT)
    behaviour: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(Text)


class ActionStepRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A step of an action after the decision. The key lets each happen once, whoever is faster."""

    __tablename__ = "action_step"
    __table_args__ = (
        CheckConstraint("(step IN ('reviewed', 'contest_decided')) = (review IS NOT NULL)", name="review_known"),
        may(insert="action_id step happened_at at who staff_id review text contest_until digest"),
    )

    action_id: Mapped[int] = mapped_column(ForeignKey("automated_action.id"), primary_key=True)
    step: Mapped[str] = mapped_column(Text, primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(MOMENT)
    at: Mapped[datetime] = mapped_column(MOMENT)
    who: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_account.id"))
    review: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    contest_until: Mapped[datetime | None] = mapped_column(MOMENT)
    digest: Mapped[str] = mapped_column(Text)


class EvaluationRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A look at what has changed, to be taken at a time; the decision is a row of its own."""

    __tablename__ = "evaluation"
    __table_args__ = (
        CheckConstraint("window_days BETWEEN 1 AND 90", name="window_range"),
        Index("ix_evaluation_user_id_id", "user_id", "id"),
        Index("ix_evaluation_case_id_id", "case_id", "id", postgresql_where=text("case_id IS NOT NULL")),
        may(
            insert="user_id case_id interaction_id made_at who staff_id since since_t due_at window_days expected"
            " before digest"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("care_case.id"))
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interaction.id"))
    made_at: Mapped[datetime] = mapped_column(MOMENT)
    who: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_account.id"))
    since: Mapped[datetime] = mapped_column(MOMENT)
    since_t: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[datetime] = mapped_column(MOMENT)
    window_days: Mapped[int] = mapped_column(SmallInteger)
    expected: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(Text)


class ConclusionRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """What a person decided about an evaluation, once. `comparison` has other players, once there is one."""

    __tablename__ = "evaluation_conclusion"
    __table_args__ = (
        may(insert="evaluation_id at who staff_id proposed verdict reason further_action after comparison digest"),
    )

    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(MOMENT)
    who: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_account.id"))
    proposed: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    further_action: Mapped[str] = mapped_column(Text)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    comparison: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(Text)


class AwaitedRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """What waits for a person, so that the lists of it do not grow with what is done; follows from the other tables."""

    __tablename__ = "awaited"
    __table_args__ = (
        Index("ix_awaited_due_at_ref_id", "due_at", "ref_id"),
        may(insert="kind ref_id user_id case_id due_at", delete=True),
    )

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    ref_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger)
    case_id: Mapped[int | None] = mapped_column(BigInteger)
    due_at: Mapped[datetime] = mapped_column(MOMENT)
