"""The tables of registered players and of their changes: small and cold."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Integer, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from app.rules.limits import GROUP, MAX_GROUPS
from lib.privileges import may


class RegisteredPlayerRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A registered player.

    Only the function `change_player` changes one, and keeps what stood before in `player_change`. `version` counts the
    changes.
    """

    __tablename__ = "registered_user"
    __table_args__ = (
        CheckConstraint("user_id > 0", name="user_id_positive"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name_length"),
        may(insert="user_id name email"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    version: Mapped[int] = mapped_column(Integer, server_default="0")


Index("uq_registered_user_email_without_case", func.lower(RegisteredPlayerRow.email), unique=True)


class PlayerChangeRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A change of a registered player, by number; only the function `change_player` writes here (A56).

    Groups are in force from their change on. An event that was judged by rules for groups names the last change before
    it, in `groups_version`.
    """

    __tablename__ = "player_change"
    __table_args__ = (
        CheckConstraint(
            f"cardinality(new_groups) <= {MAX_GROUPS}"
            f" AND array_to_string(new_groups, ' ', '!') ~ '^({GROUP}( {GROUP})*)?$'",
            name="groups",
        ),
        may(call="change_player"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    old_name: Mapped[str] = mapped_column(Text)
    old_email: Mapped[str] = mapped_column(Text)
    old_groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    new_name: Mapped[str] = mapped_column(Text)
    new_email: Mapped[str] = mapped_column(Text)
    new_groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("clock_timestamp()"))
    changed_by: Mapped[str] = mapped_column(Text)
    at_shell: Mapped[str | None] = mapped_column(Text)
