"""The tables of endpoints, of what is due to them, and of what was tried."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Identity, Index, Integer, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may

SETTINGS = "name url format topics codes strength groups only_fresh per_second state reason"


class EndpointRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """An address that is told; a deleted one stays, because deliveries name it."""

    __tablename__ = "endpoint"
    __table_args__ = (
        may(
            insert=f"{SETTINGS} key made_by",
            update=f"{SETTINGS} key secret_version previous_key previous_until failing_since hold_until ready_at",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(Text)
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    codes: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    strength: Mapped[str | None] = mapped_column(Text)
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    only_fresh: Mapped[bool] = mapped_column(Boolean, server_default="false")
    per_second: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text, server_default="enabled")
    reason: Mapped[str] = mapped_column(Text, server_default="")
    key: Mapped[str] = mapped_column(Text)
    secret_version: Mapped[int] = mapped_column(Integer, server_default="1")
    previous_key: Mapped[str | None] = mapped_column(Text)
    previous_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    hold_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ready_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class EndpointEventRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """What was done to an endpoint, and by whom; a row is never changed."""

    __tablename__ = "endpoint_event"
    __table_args__ = (Index("ix_endpoint_event_endpoint_id", "endpoint_id"), may(insert="endpoint_id step who note"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default="")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class NoticeRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """Something to tell that is about no event, written in the transaction that did it."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_id_new", "id", postgresql_where=text("NOT taken_up")),
        may(insert="topic body", update="taken_up", delete=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    topic: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    taken_up: Mapped[bool] = mapped_column(Boolean, server_default="false")
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class DeliveryRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A message to an endpoint. Its body is made when it is sent, from what is stored."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("message_id", "endpoint_id", name="uq_delivery_message_id_endpoint_id"),
        Index("ix_delivery_endpoint_id_next_at_due", "endpoint_id", "next_at", postgresql_where=text("state = 'due'")),
        Index("ix_delivery_endpoint_id_id", "endpoint_id", "id"),
        Index(
            *("ix_delivery_endpoint_id_lease_until", "endpoint_id", "lease_until"),
            postgresql_where=text("lease_until IS NOT NULL"),
        ),
        Index("ix_delivery_state_id_undelivered", "state", "id", postgresql_where=text("state <> 'delivered'")),
        Index("ix_delivery_state_done_at", "state", "done_at", postgresql_where=text("state <> 'due'")),
        may(
            insert="message_id endpoint_id topic user_id t n no codes notice_id",
            update="state codes attempts next_at lease_until last_status last_error done_at",
            delete=True,
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message_id: Mapped[str] = mapped_column(Text)
    endpoint_id: Mapped[int] = mapped_column(BigInteger)
    topic: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    t: Mapped[int | None] = mapped_column(BigInteger)
    n: Mapped[int | None] = mapped_column(Integer)
    no: Mapped[int | None] = mapped_column(Integer)
    codes: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    notice_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text, server_default="due")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_status: Mapped[int | None] = mapped_column(Integer)
    last_error: Mapped[str] = mapped_column(Text, server_default="")
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DeliveryAttemptRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """One attempt to deliver, and how it ended."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (may(insert="delivery_id no status error seconds", delete=True),)

    delivery_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    status: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str] = mapped_column(Text, server_default="")
    seconds: Mapped[float]
