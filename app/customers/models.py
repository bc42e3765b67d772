"""The tables of who looked at which customer, and of what was exported."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may

MOMENT = DateTime(timezone=True)


class CustomerViewRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """Somebody looked at a customer's data in an hour (A79); a trigger allows only new rows."""

    __tablename__ = "customer_view"
    __table_args__ = (
        Index("uq_customer_view_user_id_staff_id_hour", "user_id", "staff_id", "hour", unique=True),
        Index("ix_customer_view_user_id_id", "user_id", "id"),
        may(insert="staff_id user_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_account.id"))
    user_id: Mapped[int] = mapped_column(BigInteger)
    hour: Mapped[datetime] = mapped_column(MOMENT, server_default=text("date_trunc('hour', now(), 'UTC')"))
    at: Mapped[datetime] = mapped_column(MOMENT, server_default=func.now())


class ExportRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """Data that left the service as a file: who took it, when, and the digest of its bytes; only added to.

    `staff_id` is None where somebody exported at the shell, `user_id` where the file is about several customers.
    """

    __tablename__ = "export_log"
    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32", name="sha256_length"),
        CheckConstraint("rows >= 0", name="rows_not_negative"),
        Index("ix_export_log_user_id_id", "user_id", "id"),
        may(insert="staff_id who kind user_id rows sha256"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_account.id"))
    who: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(MOMENT, server_default=func.now())
