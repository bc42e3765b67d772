"""The tables in which workers leave a sign of life, and which of their duties fail."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, Integer, SmallInteger, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may


class WorkBeatRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """The one row that says when a worker last worked, and which one."""

    __tablename__ = "work_beat"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"), may(update="host pid seen_at"))

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    host: Mapped[str] = mapped_column(Text, server_default="")
    pid: Mapped[int] = mapped_column(Integer, server_default="0")
    seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WorkTroubleRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A duty that fails in a worker since a moment, as its latest sign of life says; `cause` is one line."""

    __tablename__ = "work_trouble"
    __table_args__ = (may(insert="host pid duty since cause", delete=True),)

    host: Mapped[str] = mapped_column(Text, primary_key=True)
    pid: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    duty: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    cause: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
