"""The table of registered players: small and cold."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may


class RegisteredPlayerRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A registered player."""

    __tablename__ = "registered_user"
    __table_args__ = (
        CheckConstraint("user_id > 0", name="user_id_positive"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name_length"),
        may(insert="user_id name email"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


Index("uq_registered_user_email_without_case", func.lower(RegisteredPlayerRow.email), unique=True)
