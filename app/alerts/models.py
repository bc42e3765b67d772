"""The table of alerts: written with the event that raised them, never changed."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Index, Integer, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may


class AlertRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A code that an edition raised at an event, with its evidence.

    Three indexes, each written with every alert, bound every page of every list; `queries` says how. What two of
    them ask for is true of every row: a question that says it again may use the index, and no other may, whatever a
    planner believes. That a moment has one live edition and one in the shadow follows from the event, stored once.
    """

    __tablename__ = "alert"
    __table_args__ = (
        # No checks that codes and editions are positive: the rule book has them, and here, measured, they would cost
        # an insert as much as an index does.
        PrimaryKeyConstraint("user_id", "shadow", "edition", "code", "t"),
        Index("ix_alert_shadow_t_user_id_code", "shadow", "t", "user_id", "code", postgresql_where=text("code > 0")),
        Index(
            "ix_alert_shadow_edition_code_t_user_id",
            "shadow",
            "edition",
            "code",
            "t",
            "user_id",
            postgresql_where=text("edition > 0"),
        ),
        may(insert="user_id t code edition shadow evidence"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    code: Mapped[int] = mapped_column(Integer, autoincrement=False)
    edition: Mapped[int] = mapped_column(Integer, autoincrement=False)
    shadow: Mapped[bool] = mapped_column(Boolean)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
