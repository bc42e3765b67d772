"""The tables of seals: triggers refuse to change or remove a row."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may


class SealRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A link of the chain: a digest over some players' new events and the digest of the link before."""

    __tablename__ = "seal"
    __table_args__ = may(insert="no all_counted digest")

    no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    all_counted: Mapped[bool] = mapped_column(Boolean)
    digest: Mapped[bytes] = mapped_column(LargeBinary)


class SealedPlayerRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """What a seal covers of one player: `events` of them up to number `seq`, the latest at `t`.

    The key begins with the player, as those of events do, and refers to no other table. Numbers up to 0 are those of
    parts that cover events without a number.
    """

    __tablename__ = "sealed_player"
    __table_args__ = may(insert="user_id seq t events seal digest")

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger)
    events: Mapped[int] = mapped_column(BigInteger)
    seal: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
