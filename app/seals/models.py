"""The tables of seals; triggers refuse to change or delete rows."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may


class SealRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A link of the chain: a digest over the new events of some players and the previous digest."""

    __tablename__ = "seal"
    __table_args__ = may(insert="no all_counted digest")

    no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    all_counted: Mapped[bool] = mapped_column(Boolean)
    digest: Mapped[bytes] = mapped_column(LargeBinary)


class SealedPlayerRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """What a seal covers of a player: `events` events up to number `seq`, the latest at `t`.

    The key begins with the player, as that of events does, and refers to no other table. Parts with numbers up to 0
    cover events without a number.
    """

    __tablename__ = "sealed_player"
    __table_args__ = may(insert="user_id seq t events seal digest")

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    t: Mapped[int] = mapped_column(BigInteger)
    events: Mapped[int] = mapped_column(BigInteger)
    seal: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
