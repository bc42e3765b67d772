"""The tables of events: what Alembic compares with the database.

Every key starts with `user_id`, no column is an identity and no row refers to another player's, so the tables can be
distributed over many machines by `user_id` one day. The hot path uses the SQL in `queries`.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Enum,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from app.rules.event import EventType
from lib.privileges import may

ACTIVITY_TYPE = Enum(EventType, name="activity_type", values_callable=lambda kinds: [kind.value for kind in kinds])


class StoredEvent(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """One event as it is believed to have happened, with the first decision about it.

    Only the function `correct_event` changes or removes one, and keeps what stood before in `superseded_event`.
    """

    __tablename__ = "activity_event"
    __table_args__ = (
        CheckConstraint("user_id > 0", name="user_id_positive"),
        CheckConstraint("t >= 0", name="t_not_negative"),
        CheckConstraint("amount > 0 AND amount <> 'NaN'", name="amount_positive"),
        # With the amount, so that a window of weeks is added up from the index alone.
        Index("ix_activity_event_user_id_type_t_n", "user_id", "type", "t", "n", postgresql_include=["amount"]),
        Index(
            "ix_activity_event_user_id_alert_codes_t_n",
            "user_id",
            "alert_codes",
            "t",
            "n",
            postgresql_where=text("alert_codes <> '{}'"),  # most events raise nothing and stay out of it
        ),
        Index(
            "uq_activity_event_user_id_event_id",
            "user_id",
            "event_id",
            unique=True,
            postgresql_where=text("event_id IS NOT NULL"),
        ),
        # What the next seal covers, which it cannot find by `t`.
        Index("ix_activity_event_user_id_seq_late", "user_id", "seq", postgresql_where=text("taken_after IS NOT NULL")),
        may(insert="user_id t type amount alert_codes edition key_id seq n event_id taken_after groups_version"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Its place among the player's events at this `t`: always 0 without an `event_id` (A49).
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, server_default="0")
    type: Mapped[EventType] = mapped_column(ACTIVITY_TYPE)
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    alert_codes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    edition: Mapped[int] = mapped_column(Integer, server_default="1")
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    key_id: Mapped[int | None] = mapped_column(Integer)  # of the key that sent it; no foreign key (app.access.models)
    # How many events and corrections its player had by then, this one included (A44); null if a release without numbers
    # stored it.
    seq: Mapped[int | None] = mapped_column(BigInteger)
    event_id: Mapped[str | None] = mapped_column(Text)
    # For a late event, the player's latest `t` when it came (A51).
    taken_after: Mapped[int | None] = mapped_column(BigInteger)
    # The version of the player's groups that it was judged with, 0 before any; null without rules for groups (A56).
    groups_version: Mapped[int | None] = mapped_column(Integer)


class SupersededEvent(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A correction, with the event as it stood before; only the function `correct_event` writes here (A52).

    A correction has an arrival number among those of its player's events, `seq`; `no` counts the corrections of its
    event, and `event_seq` is that event's own number. The new columns are null for a reversal. `clock_t` is the
    player's latest `t` afterwards, -1 without any event.
    """

    __tablename__ = "superseded_event"
    __table_args__ = (
        CheckConstraint("(new_type IS NULL) = (new_amount IS NULL)", name="new_or_none"),
        CheckConstraint("amount <> 'NaN' AND new_amount <> 'NaN'", name="amounts"),
        CheckConstraint("char_length(reason) BETWEEN 1 AND 500", name="reason_length"),
        UniqueConstraint("user_id", "t", "n", "no"),
        Index(
            "ix_superseded_event_user_id_event_id",
            "user_id",
            "event_id",
            postgresql_where=text("event_id IS NOT NULL"),
        ),
        may(call="correct_event"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger)
    n: Mapped[int] = mapped_column(Integer)
    no: Mapped[int] = mapped_column(Integer)
    type: Mapped[EventType] = mapped_column(ACTIVITY_TYPE)
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    alert_codes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    edition: Mapped[int] = mapped_column(Integer)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    key_id: Mapped[int | None] = mapped_column(Integer)
    event_seq: Mapped[int | None] = mapped_column(BigInteger)
    event_id: Mapped[str | None] = mapped_column(Text)
    taken_after: Mapped[int | None] = mapped_column(BigInteger)
    groups_version: Mapped[int | None] = mapped_column(Integer)
    new_type: Mapped[EventType | None] = mapped_column(ACTIVITY_TYPE)
    new_amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    clock_t: Mapped[int] = mapped_column(BigInteger)
    corrected_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    corrected_by: Mapped[str] = mapped_column(Text)
    at_shell: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class UserClock(db.Model):  # type: ignore[name-defined, misc]  # as above
    """The latest moment of each player, and the row that is locked while one of their events is evaluated.

    `events` counts the numbers given to events and corrections, and `sealed` how many of them are known to be sealed: a
    hint for the next seal, which reads the truth from `sealed_player`. `late_events` and `corrections` are 0 as long as
    numbers and moments are in the same order. After a reversal of all events `last_t` is -1. No counter may be in an
    index, or no update would stay on its page. Row 0 is no player's: it is the clock of the system, used if `t` must
    rise over all players. Half of each page stays free, so that an update finds room beside the old row and touches no
    index.
    """

    __tablename__ = "user_clock"
    __table_args__ = (
        CheckConstraint("user_id >= 0", name="user_id_not_negative"),
        CheckConstraint("last_t >= -1", name="last_t_not_negative"),
        {
            "postgresql_with": {"fillfactor": 50},
            **may(insert="user_id last_t events", update="last_t events sealed late_events"),
        },
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last_t: Mapped[int] = mapped_column(BigInteger)
    events: Mapped[int] = mapped_column(BigInteger, server_default="0")
    sealed: Mapped[int] = mapped_column(BigInteger, server_default="0")
    late_events: Mapped[int] = mapped_column(Integer, server_default="0")
    corrections: Mapped[int] = mapped_column(Integer, server_default="0")


class UserTotal(db.Model):  # type: ignore[name-defined, misc]  # as above
    """The totals of a player's events up to `counted_t` and `counted_n`; later events are not included yet (A38).

    Storing an event does not touch it: a read of the totals advances it, under the lock of the player's clock. Code
    that changes, adds or removes an event that is counted must update the totals too, under the same lock.
    """

    __tablename__ = "user_total"
    __table_args__ = may(
        insert="user_id counted_t counted_n deposits deposited withdraws withdrawn",
        update="counted_t counted_n deposits deposited withdraws withdrawn",
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    counted_t: Mapped[int] = mapped_column(BigInteger)
    counted_n: Mapped[int] = mapped_column(Integer, server_default="0")
    deposits: Mapped[int] = mapped_column(BigInteger)
    deposited: Mapped[Decimal] = mapped_column(Numeric)
    withdraws: Mapped[int] = mapped_column(BigInteger)
    withdrawn: Mapped[Decimal] = mapped_column(Numeric)


class RunningTotal(db.Model):  # type: ignore[name-defined, misc]  # as above
    """The number and the sum of a player's events of a type from `since` to `t`, both seconds included (A59).

    About every 64th event that a long window looks at writes one, under the lock of the player's clock; `series` is
    the arrival number of the event that began to count from `since`. It is believed while the player's late events and
    corrections together are as many as `changes`. Code that changes, adds or removes an event that is counted must
    count in the clock that it did, or update or remove the player's rows; `correct_event` removes them.
    """

    __tablename__ = "running_total"
    __table_args__ = may(
        insert="user_id type series t since changes events amount",
        update="changes events amount",
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    type: Mapped[EventType] = mapped_column(ACTIVITY_TYPE, primary_key=True)
    series: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    since: Mapped[int] = mapped_column(BigInteger)
    changes: Mapped[int] = mapped_column(Integer)
    events: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal] = mapped_column(Numeric)
