"""The tables of events: what Alembic compares with the database.

Both start every key with `user_id`, have no identity column and refer to nothing of another user, so that they
can be distributed by `user_id` over many machines one day. The hot path speaks to them in `queries`.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Enum, Index, Integer, Numeric, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from app.rules.event import EventType
from lib.privileges import may


class StoredEvent(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """One event with the decision about it; never changed once written."""

    __tablename__ = "activity_event"
    __table_args__ = (
        CheckConstraint("user_id > 0", name="user_id_positive"),
        CheckConstraint("t >= 0", name="t_not_negative"),
        CheckConstraint("amount > 0", name="amount_positive"),
        # With the amount, so that a window of weeks is added up from the index alone.
        Index("ix_activity_event_user_id_type_t", "user_id", "type", "t", postgresql_include=["amount"]),
        Index(
            "ix_activity_event_user_id_alert_codes_t",
            "user_id",
            "alert_codes",
            "t",
            postgresql_where=text("alert_codes <> '{}'"),  # most events raise nothing and stay out of it
        ),
        may(insert="user_id t type amount alert_codes edition key_id seq"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    type: Mapped[EventType] = mapped_column(
        Enum(EventType, name="activity_type", values_callable=lambda kinds: [kind.value for kind in kinds])
    )
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    alert_codes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    edition: Mapped[int] = mapped_column(Integer, server_default="1")
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    key_id: Mapped[int | None] = mapped_column(Integer)  # of the key that sent it; no foreign key (app.access.models)
    # The number of its user's events by then, this one included (A44); none in what a release without numbers stored.
    seq: Mapped[int | None] = mapped_column(BigInteger)


class UserClock(db.Model):  # type: ignore[name-defined, misc]  # as above
    """The latest moment of each user, and the row that is locked while one of their events is judged.

    `events` counts those that were stored with a number, and `sealed` those of them that are known to be sealed: a hint
    for the next seal, which asks `sealed_player` for the truth. Neither may be in an index, or no update would stay on
    its page. Row 0 is nobody: the clock of the system where `t` must rise over all users. Half of each page stays
    free, so that an update finds room beside the old row and touches no index.
    """

    __tablename__ = "user_clock"
    __table_args__ = (
        CheckConstraint("user_id >= 0", name="user_id_not_negative"),
        CheckConstraint("last_t >= 0", name="last_t_not_negative"),
        {"postgresql_with": {"fillfactor": 50}, **may(insert="user_id last_t events", update="last_t events sealed")},
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last_t: Mapped[int] = mapped_column(BigInteger)
    events: Mapped[int] = mapped_column(BigInteger, server_default="0")
    sealed: Mapped[int] = mapped_column(BigInteger, server_default="0")


class UserTotal(db.Model):  # type: ignore[name-defined, misc]  # as above
    """What the events of a user up to `counted_t` add up to; those after it are not in it yet (A38).

    An event costs it nothing: whoever reads the totals moves it on, under the lock of the user's clock. Whoever changes
    an event at or before `counted_t`, adds one there or takes one away changes the total with it, under the same lock.
    """

    __tablename__ = "user_total"
    __table_args__ = may(
        insert="user_id counted_t deposits deposited withdraws withdrawn",
        update="counted_t deposits deposited withdraws withdrawn",
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    counted_t: Mapped[int] = mapped_column(BigInteger)
    deposits: Mapped[int] = mapped_column(BigInteger)
    deposited: Mapped[Decimal] = mapped_column(Numeric)
    withdraws: Mapped[int] = mapped_column(BigInteger)
    withdrawn: Mapped[Decimal] = mapped_column(Numeric)
