"""The tables of accounts, their sessions, one-time links and recovery codes, and the audit of all that."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may

PREFERENCES = "zone theme density single_keys"


class StaffAccountRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A person who may sign in. A disabled one stays, because cases and audits name it.

    The secret of its time-based codes is derived from CONSOLE_KEY (A68): `totp_version` is that of the secret in use,
    `totp_offered` that of the newest link. `totp_step` is the last step of 30 s whose
    code was accepted, so that none is accepted twice.
    """

    __tablename__ = "staff_account"
    __table_args__ = (
        CheckConstraint("state IN ('invited', 'active', 'disabled')", name="state_known"),
        CheckConstraint("char_length(name) <= 100", name="name_length"),
        CheckConstraint("char_length(email) BETWEEN 3 AND 254", name="email_length"),
        Index("uq_staff_account_email", text("lower(email)"), unique=True),
        may(
            insert="email name roles state made_by",
            update=f"name roles state password_hash totp_key totp_version totp_offered totp_step {PREFERENCES}",
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    totp_key: Mapped[str | None] = mapped_column(Text)
    totp_version: Mapped[int] = mapped_column(Integer, server_default="1")
    totp_offered: Mapped[int] = mapped_column(Integer, server_default="0")
    totp_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    theme: Mapped[str] = mapped_column(Text, server_default="system")
    density: Mapped[str] = mapped_column(Text, server_default="comfortable")
    single_keys: Mapped[bool] = mapped_column(Boolean, server_default="true")
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class StaffSessionRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A browser that is signed in, known by the SHA-256 of its cookie; `confirmed_at` is when a code was last given."""

    __tablename__ = "staff_session"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        Index("ix_staff_session_account_id", "account_id"),
        may(insert="digest account_id ends_at address agent", update="seen_at confirmed_at", delete=True),
    )

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("staff_account.id"))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    confirmed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    address: Mapped[str] = mapped_column(Text)
    agent: Mapped[str] = mapped_column(Text)


class StaffTokenRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A one-time link, known by the SHA-256 of its secret part."""

    __tablename__ = "staff_token"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        CheckConstraint("kind IN ('invite', 'reset', 'sign-in')", name="kind_known"),
        Index("ix_staff_token_account_id", "account_id"),
        may(insert="digest account_id kind expires_at made_by", update="used_at"),
    )

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("staff_account.id"))
    kind: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class StaffRecoveryRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A recovery code, known by its SHA-256, which replaces one time-based code."""

    __tablename__ = "staff_recovery"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        may(insert="account_id digest", delete=True),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("staff_account.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class StaffAttemptRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """Failed attempts to sign in for a digest of an email address or of a network address; UNLOGGED."""

    __tablename__ = "staff_attempt"
    __table_args__ = (
        CheckConstraint("octet_length(subject) = 32", name="subject_length"),
        Index("ix_staff_attempt_last_at", "last_at"),
        {"prefixes": ["UNLOGGED"], **may(insert="subject failures last_at", update="failures last_at", delete=True)},
    )

    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class StaffAuditRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """What was done to an account or by its owner; a trigger allows only new rows."""

    __tablename__ = "staff_audit"
    __table_args__ = (
        Index("ix_staff_audit_account_id_id", "account_id", "id"),
        may(insert="account_id step who note address"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("staff_account.id"))
    step: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default="")
    address: Mapped[str] = mapped_column(Text, server_default="")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
