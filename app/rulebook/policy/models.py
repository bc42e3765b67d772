"""The table of the policy: its newest row other than a proposal says whether four eyes are on."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may


class PolicyChangeRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A change of the policy, or the proposal of one.

    Triggers refuse to alter a row, and an "off" unless it and its proposal are by valid keys of two owners.
    """

    __tablename__ = "rule_policy_change"
    __table_args__ = (
        CheckConstraint("step IN ('on', 'propose-off', 'off')", name="step_known"),
        may(insert="step who owner note at_shell"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    step: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    at_shell: Mapped[str | None] = mapped_column(Text)
