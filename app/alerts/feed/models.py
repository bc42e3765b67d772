"""The tables of the outbox and of the feed."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Identity, Index, Integer, SmallInteger, func
from sqlalchemy.dialects.postgresql import ENUM
from sqlalchemy.orm import Mapped, mapped_column

from app.alerts.domain import Kind
from app.datastores import db
from lib.privileges import may

KIND = ENUM(*(kind.value for kind in Kind), name="alert_kind", create_type=False)


class OutboxRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A note that something became known at an event; the worker numbers it in the feed and deletes it.

    The worker looks for notes by `id`, from those that it saw a while ago on: after a look from the first on, dead rows
    that a long transaction keeps would be read at every look. `id` orders nothing.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_id", "id"),
        may(insert="user_id t n kind no quiet", delete=True),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(KIND, primary_key=True)
    no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    quiet: Mapped[bool] = mapped_column(Boolean, server_default="false")
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class FeedRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """An entry of the feed. Numbers rise without gaps in the order in which entries become visible; no row changes.

    Nobody is told of a `quiet` one, and it opens no case: what was stored before there was an outbox.
    """

    __tablename__ = "alert_feed"
    __table_args__ = (
        Index("uq_alert_feed_user_id_t_n_kind_no_code", "user_id", "t", "n", "kind", "no", "code", unique=True),
        may(insert="number user_id t n kind no code edition quiet"),
    )

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger)
    t: Mapped[int] = mapped_column(BigInteger)
    n: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(KIND)
    no: Mapped[int] = mapped_column(Integer)
    code: Mapped[int] = mapped_column(Integer)
    edition: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    quiet: Mapped[bool] = mapped_column(Boolean, server_default="false")


class FeedHeadRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """The one row that tells the last number, and locks the feed while a worker numbers.

    `stage` and the place after it say how far alerts are noted that were stored before there was an outbox.
    """

    __tablename__ = "feed_head"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        may(update="number stage user_id t n"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    stage: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[int] = mapped_column(BigInteger)
    t: Mapped[int] = mapped_column(BigInteger)
    n: Mapped[int] = mapped_column(Integer)
