"""The tables of imports. All are work tables but the jobs: what was imported stays when their rows are gone."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Enum, Identity, Integer, Numeric, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from app.rules.event import EventType
from lib.privileges import may


class ImportJobRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """An import of a file, which is known by its digest and by how it is read.

    `imported` are the events of spans whose rows are gone; `edition` and `shadow` judge all events of the import.
    """

    __tablename__ = "import_job"
    __table_args__ = (
        CheckConstraint("state IN ('reading', 'importing', 'done', 'refused', 'tried', 'left')", name="state_known"),
        may(
            insert="file digest form edition shadow made_by",
            update="state lines ignored imported ended_at",
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    file: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    form: Mapped[dict[str, object]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text, server_default="reading")
    edition: Mapped[int] = mapped_column(Integer)
    shadow: Mapped[int | None] = mapped_column(Integer)
    made_by: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lines: Mapped[int] = mapped_column(BigInteger, server_default="0")
    ignored: Mapped[int] = mapped_column(BigInteger, server_default="0")
    imported: Mapped[int] = mapped_column(BigInteger, server_default="0")


class ImportLineRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A line of the right form that waits to be imported. Not logged: after a crash of PostgreSQL the table is empty.

    Its key is the order in which lines are judged.
    """

    __tablename__ = "import_line"
    __table_args__ = (
        {"prefixes": ["UNLOGGED"], **may(insert="job_id line user_id t type amount event_id", delete=True)},
    )

    job_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    type: Mapped[EventType] = mapped_column(
        Enum(EventType, name="activity_type", values_callable=lambda kinds: [kind.value for kind in kinds])
    )
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    event_id: Mapped[str | None] = mapped_column(Text)


class ImportSpanRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """Lines that one transaction imports; `imported`, which it sets, is null until then."""

    __tablename__ = "import_span"
    __table_args__ = may(insert="job_id no first_user first_t last_user last_t lines", update="imported", delete=True)

    job_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_user: Mapped[int] = mapped_column(BigInteger)
    first_t: Mapped[int] = mapped_column(BigInteger)
    last_user: Mapped[int] = mapped_column(BigInteger)
    last_t: Mapped[int] = mapped_column(BigInteger)
    lines: Mapped[int] = mapped_column(BigInteger)
    imported: Mapped[int | None] = mapped_column(BigInteger)


class ImportFaultRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A line that is not imported, and why; its text is kept where the line could not be read."""

    __tablename__ = "import_fault"
    __table_args__ = may(insert="job_id line field reason text", delete=True)

    job_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text, server_default="")
