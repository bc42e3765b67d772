"""The table of readiness, which the trial writes to."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may


class WriteTrial(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A single row, which is written to but never changes: each trial is rolled back."""

    __tablename__ = "write_trial"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"), may(update="tried_at"))

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    tried_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
