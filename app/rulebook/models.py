"""The tables of the rule book: editions, and the audit of who did what with them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from app.rulebook.domain import Status, Step
from lib.privileges import may


class RuleBookRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """An edition. Triggers refuse to change its rules; only its status and publication change.

    Only a draft can be deleted, and only if it was never in the shadow. While four eyes are on, a trigger refuses a
    live edition without a publisher whose key has another owner than its author's, or who is signed in with another
    account, or without its step in the audit.
    """

    __tablename__ = "rule_book"
    __table_args__ = (
        CheckConstraint("edition > 0", name="edition_positive"),
        CheckConstraint("based_on < edition", name="based_on_earlier"),
        may(
            insert="edition status rules author note based_on time_zones",
            update="status published_at published_by",
            delete=True,  # of drafts: triggers keep what was ever in force or in the shadow
        ),
    )

    edition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    status: Mapped[Status] = mapped_column(
        Enum(Status, name="edition_status", values_callable=lambda each: [status.value for status in each])
    )
    rules: Mapped[list[Any]] = mapped_column(JSONB)
    author: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    based_on: Mapped[int | None] = mapped_column(ForeignKey("rule_book.edition"))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    published_by: Mapped[str | None] = mapped_column(Text)
    time_zones: Mapped[str | None] = mapped_column(Text)  # their version when it was drafted; null if it needs none


Index("uq_rule_book_live", RuleBookRow.status, unique=True, postgresql_where=RuleBookRow.status == Status.LIVE)
Index("uq_rule_book_shadow", RuleBookRow.status, unique=True, postgresql_where=RuleBookRow.status == Status.SHADOW)


class RuleBookAuditRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A step that somebody took. A trigger refuses to change or remove any, even those of a deleted draft.

    `form` is that of the page whose step it is, which is taken once however often the form is sent.
    """

    __tablename__ = "rule_book_audit"
    __table_args__ = (
        Index("uq_rule_book_audit_form", "form", unique=True, postgresql_where=text("form IS NOT NULL")),
        may(insert="edition step who note published_over at_shell four_eyes form"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition: Mapped[int] = mapped_column(Integer)  # no foreign key: a deleted draft's steps stay
    step: Mapped[Step] = mapped_column(
        Enum(Step, name="edition_step", values_callable=lambda each: [step.value for step in each])
    )
    who: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    published_over: Mapped[int | None] = mapped_column(ForeignKey("rule_book.edition"))
    at_shell: Mapped[str | None] = mapped_column(Text)
    four_eyes: Mapped[bool | None] = mapped_column(Boolean)
    form: Mapped[str | None] = mapped_column(Text)
