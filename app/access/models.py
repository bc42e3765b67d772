"""The table of keys, small and read by every worker every few seconds, and their audit."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Integer, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may


class ApiKeyRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A key for a machine. The key itself is stored nowhere, only its SHA-256.

    Events refer to it by `id` without a foreign key, so that no event waits for a lock on the row of its key.
    `refusals` are the last ten, newest first. A trigger refuses to change the `owner` once it is named.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name_length"),
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        CheckConstraint("char_length(owner) BETWEEN 1 AND 100", name="owner_length"),
        # Finds the keys in use, and the last revoked ones, among very many revoked ones.
        Index("ix_api_key_revoked_at", "revoked_at"),
        may(
            insert="prefix name digest scopes created_at expires_at created_by owner",
            update="last_used_at expires_at revoked_at revoked_by refusals owner",
        ),
    )

    prefix: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    id: Mapped[int] = mapped_column(Integer, Identity(always=True), unique=True)
    created_by: Mapped[str | None] = mapped_column(Text)
    revoked_by: Mapped[str | None] = mapped_column(Text)
    refusals: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    owner: Mapped[str | None] = mapped_column(Text)


class KeyEventRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A step in the audit of a key; a trigger allows only new rows."""

    __tablename__ = "key_event"
    __table_args__ = (
        CheckConstraint("step IN ('create', 'rotate', 'revoke', 'own')", name="step_known"),
        may(insert="key_id step who replaces"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    key_id: Mapped[int] = mapped_column(Integer)
    step: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    replaces: Mapped[int | None] = mapped_column(Integer)
