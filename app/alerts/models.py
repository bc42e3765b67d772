"""The table of alerts: written with the event that raised them, never changed."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Index, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db


class AlertRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A code that an edition raised at an event, with its evidence."""

    __tablename__ = "alert"
    __table_args__ = (Index("ix_alert_t_user_id_code", "t", "user_id", "code"),)

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    code: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    shadow: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    edition: Mapped[int] = mapped_column(Integer)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
