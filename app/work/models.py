"""The table in which workers leave a sign of life."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, Integer, SmallInteger, Text
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
