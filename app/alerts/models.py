"""The table of alerts: written with the event that raised them, never changed."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Index, Integer, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may


class AlertRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A code that an edition raised at an event, with its evidence.

    Three indexes, each written with every alert, bound every page of every list; `queries` says how. Two are partial on
    a condition that every row meets: only queries that repeat it may use them, whatever the planner believes. An
    event has at most one live and one shadow edition because it is stored once.
    """

    __tablename__ = "alert"
    __table_args__ = (
        # No check that codes and editions are positive: the rule book checks that, and here it would cost an insert
        # (measured) as much as an index does.
        PrimaryKeyConstraint("user_id", "shadow", "edition", "code", "t", "n"),
        Index(
            "ix_alert_shadow_t_user_id_n_code",
            "shadow",
            "t",
            "user_id",
            "n",
            "code",
            postgresql_where=text("code > 0"),
        ),
        Index(
            "ix_alert_shadow_edition_code_t_user_id_n",
            "shadow",
            "edition",
            "code",
            "t",
            "user_id",
            "n",
            postgresql_where=text("edition > 0"),
        ),
        may(insert="user_id t n code edition shadow evidence"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    n: Mapped[int] = mapped_column(Integer, autoincrement=False, server_default="0")  # of the event at this `t`
    code: Mapped[int] = mapped_column(Integer, autoincrement=False)
    edition: Mapped[int] = mapped_column(Integer, autoincrement=False)
    shadow: Mapped[bool] = mapped_column(Boolean)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
