"""The tables of cases, of the alerts attached to them, of their journals and mutes, and of how far the feed is read."""

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
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may

MOMENT = DateTime(timezone=True)
CHANGING = (
    "status strength priority codes alert_count first_t last_t last_alert_at due_at assignee first_seen_at"
    " first_action_at snoozed_until outcome closed_at closed_by sentence version events"
)
VISIBLE = text("snoozed_until IS NULL AND status IN ('new', 'in_review')")
VISIBLE_STRONG = text("snoozed_until IS NULL AND status IN ('new', 'in_review') AND strength = 'strong'")


class CaseRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A case. A player has one open case at most, and each list of the queue has an index in its order."""

    __tablename__ = "care_case"
    __table_args__ = (
        CheckConstraint("status IN ('new', 'in_review', 'monitoring', 'closed')", name="status_known"),
        CheckConstraint("strength IN ('normal', 'strong')", name="strength_known"),
        CheckConstraint("priority BETWEEN 0 AND 3", name="priority_range"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_at_when_closed"),
        CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name="outcome_when_closed"),
        CheckConstraint("snoozed_until IS NULL OR status IN ('new', 'in_review')", name="snoozed_when_open"),
        Index("uq_care_case_user_id_open", "user_id", unique=True, postgresql_where=text("status <> 'closed'")),
        Index("ix_care_case_user_id_opened_at", "user_id", "opened_at"),
        Index("ix_care_case_status_id", "status", "id"),
        Index(
            *("ix_care_case_status_priority_due_at_id_visible", "status", "priority", "due_at", "id"),
            postgresql_where=VISIBLE,
        ),
        Index(
            *("ix_care_case_assignee_priority_due_at_id_visible", "assignee", "priority", "due_at", "id"),
            postgresql_where=VISIBLE,
        ),
        Index(
            *("ix_care_case_priority_due_at_id_strong", "priority", "due_at", "id"),
            postgresql_where=VISIBLE_STRONG,
        ),
        Index("ix_care_case_due_at_id_visible", "due_at", "id", postgresql_where=VISIBLE),
        Index("ix_care_case_due_at_id_monitoring", "due_at", "id", postgresql_where=text("status = 'monitoring'")),
        Index(
            "ix_care_case_snoozed_until_id", "snoozed_until", "id", postgresql_where=text("snoozed_until IS NOT NULL")
        ),
        Index("ix_care_case_closed_at_id", "closed_at", "id", postgresql_where=text("status = 'closed'")),
        Index(
            *("ix_care_case_status_last_alert_at_id_visible", "status", "last_alert_at", "id"),
            postgresql_where=VISIBLE,
        ),
        Index(
            *("ix_care_case_assignee_last_alert_at_id_visible", "assignee", "last_alert_at", "id"),
            postgresql_where=VISIBLE,
        ),
        Index("ix_care_case_last_alert_at_id_strong", "last_alert_at", "id", postgresql_where=VISIBLE_STRONG),
        may(insert=f"user_id opened_at reopened_from indicator {CHANGING}", update=CHANGING),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
    strength: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(SmallInteger)
    codes: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    alert_count: Mapped[int] = mapped_column(Integer, server_default="0")
    first_t: Mapped[int | None] = mapped_column(BigInteger)
    last_t: Mapped[int | None] = mapped_column(BigInteger)
    opened_at: Mapped[datetime] = mapped_column(MOMENT)
    last_alert_at: Mapped[datetime] = mapped_column(MOMENT)
    due_at: Mapped[datetime] = mapped_column(MOMENT)
    assignee: Mapped[int | None] = mapped_column(ForeignKey("staff_account.id"))
    first_seen_at: Mapped[datetime | None] = mapped_column(MOMENT)
    first_action_at: Mapped[datetime | None] = mapped_column(MOMENT)
    snoozed_until: Mapped[datetime | None] = mapped_column(MOMENT)
    outcome: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(MOMENT)
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("staff_account.id"))
    reopened_from: Mapped[int | None] = mapped_column(ForeignKey("care_case.id"))
    legal_hold: Mapped[bool] = mapped_column(Boolean, server_default="false")
    indicator: Mapped[str | None] = mapped_column(Text)
    sentence: Mapped[str] = mapped_column(Text, server_default="")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    events: Mapped[int] = mapped_column(Integer, server_default="0")


class CaseAlertRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """An alert of the feed, attached to a case; a retracted one stays and is marked."""

    __tablename__ = "case_alert"
    __table_args__ = (
        Index("ix_case_alert_case_id_number", "case_id", "number"),
        Index("ix_case_alert_case_id_code_number", "case_id", "code", "number"),
        may(insert="user_id t n code case_id number edition at value sentence muted", update="retracted_at"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    code: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("care_case.id"))
    number: Mapped[int] = mapped_column(BigInteger)
    edition: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(MOMENT)
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    sentence: Mapped[str] = mapped_column(Text)
    muted: Mapped[bool] = mapped_column(Boolean)
    retracted_at: Mapped[datetime | None] = mapped_column(MOMENT)


class CaseEventRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A step, and how the case was after it; a trigger allows only new rows. `form_id` makes a form sent twice one."""

    __tablename__ = "case_event"
    __table_args__ = (
        Index("uq_case_event_form_id", "form_id", unique=True, postgresql_where=text("form_id IS NOT NULL")),
        may(
            insert="case_id seq version step who staff_id at form_id note detail status priority assignee"
            " snoozed_until due_at outcome alert_count"
        ),
    )

    case_id: Mapped[int] = mapped_column(ForeignKey("care_case.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    step: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_account.id"))
    at: Mapped[datetime] = mapped_column(MOMENT)
    form_id: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    status: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(SmallInteger)
    assignee: Mapped[int | None] = mapped_column(Integer)
    snoozed_until: Mapped[datetime | None] = mapped_column(MOMENT)
    due_at: Mapped[datetime] = mapped_column(MOMENT)
    outcome: Mapped[str | None] = mapped_column(Text)
    alert_count: Mapped[int] = mapped_column(Integer)


class CaseMuteRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """Alerts of one code that open no case of a player until a time, unless something stronger breaks it."""

    __tablename__ = "case_mute"
    __table_args__ = (
        Index("uq_case_mute_user_id_code_in_force", "user_id", "code", unique=True, postgresql_where=text("in_force")),
        may(
            insert="case_id user_id code until reason value made_by made_at",
            update="in_force ended_at ended",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("care_case.id"))
    user_id: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = mapped_column(MOMENT)
    reason: Mapped[str] = mapped_column(Text)
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(MOMENT)
    in_force: Mapped[bool] = mapped_column(Boolean, server_default="true")
    ended_at: Mapped[datetime | None] = mapped_column(MOMENT)
    ended: Mapped[str | None] = mapped_column(Text)


class CaseHeadRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """The one row that tells up to which number of the feed alerts are attached, and after which one cases begin."""

    __tablename__ = "case_head"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"), may(update="number"))

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    began: Mapped[int] = mapped_column(BigInteger)
    began_at: Mapped[datetime] = mapped_column(MOMENT, server_default=func.now())
