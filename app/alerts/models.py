"""The tables of alerts, written with the event that raised them, and of revisions; no row ever changes."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Index, Integer, PrimaryKeyConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may


class AlertRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A code that an edition raised at an event, with its evidence.

    Three indexes, each written with every alert, bound every page of every list; `queries` says how. Two are partial on
    a condition that every row meets: only queries that repeat it may use them, whatever the planner believes. Two more
    have the fresh alerts, so that those are found among any number of others. An event has at most one live and one
    shadow edition because it is stored once. `fresh` is null for an alert of a release that did not know it (A58).
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
        Index(
            "ix_alert_shadow_edition_code_t_user_id_n_fresh",
            "shadow",
            "edition",
            "code",
            "t",
            "user_id",
            "n",
            postgresql_where=text("fresh"),
        ),
        Index(
            "ix_alert_user_id_shadow_edition_code_t_n_fresh",
            "user_id",
            "shadow",
            "edition",
            "code",
            "t",
            "n",
            postgresql_where=text("fresh"),
        ),
        may(insert="user_id t n code edition shadow evidence fresh"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    n: Mapped[int] = mapped_column(Integer, autoincrement=False, server_default="0")  # of the event at this `t`
    code: Mapped[int] = mapped_column(Integer, autoincrement=False)
    edition: Mapped[int] = mapped_column(Integer, autoincrement=False)
    shadow: Mapped[bool] = mapped_column(Boolean)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fresh: Mapped[bool | None] = mapped_column(Boolean)


class RevisionRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """What an event raises now that something earlier is known: a late event, or a correction (A51, A52).

    `no` counts the revisions of the event. `found` has the evidence of each code that is new in `codes_after`, and
    `cause` is the arrival number of the late event or the correction. A trigger refuses to change or remove any.
    """

    __tablename__ = "revision"
    __table_args__ = (
        Index("ix_revision_user_id_cause", "user_id", "cause"),
        may(insert="user_id t n no codes_before codes_after edition found cause"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    codes_before: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    codes_after: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    edition: Mapped[int] = mapped_column(Integer)
    found: Mapped[dict[str, Any]] = mapped_column(JSONB)
    cause: Mapped[int] = mapped_column(BigInteger)
    known_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
