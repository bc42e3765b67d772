"""Accounts of the people who sign in to the console, their sessions, one-time links and recovery codes, and the audit.

Revision 0024, after 0023. Six new tables, which the previous release does not use: it may serve meanwhile.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses = {
    "accounts_of_staff": "SELECT count(*) FROM staff_account",
    "steps_of_the_audit_of_staff": "SELECT count(*) FROM staff_audit",
}

NOW = sa.func.now()


def moment(name: str, *, default: bool = False, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=NOW if default else None, nullable=nullable)


def text(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=nullable)


def of_account(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_account_id_staff_account")
    column = sa.Column("account_id", sa.Integer(), nullable=False)
    return column, sa.ForeignKeyConstraint(["account_id"], ["staff_account.id"], name=name)


def digest(table: str, name: str = "digest") -> tuple[sa.Column[bytes], sa.CheckConstraint]:
    check = sa.CheckConstraint(f"octet_length({name}) = 32", name=op.f(f"ck_{table}_{name}_length"))
    return sa.Column(name, sa.LargeBinary(), nullable=False), check


def upgrade() -> None:
    make_accounts()
    make_sessions()
    make_tokens()
    op.create_table(
        "staff_recovery",
        *of_account("staff_recovery"),
        *digest("staff_recovery"),
        sa.PrimaryKeyConstraint("account_id", "digest", name=op.f("pk_staff_recovery")),
    )
    op.create_table(
        "staff_attempt",
        *digest("staff_attempt", "subject"),
        sa.Column("failures", sa.Integer(), nullable=False),
        moment("last_at", default=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_staff_attempt")),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_staff_attempt_last_at", "staff_attempt", ["last_at"])
    make_audit()


def make_accounts() -> None:
    op.create_table(
        "staff_account",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        text("email"),
        text("name"),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        text("state"),
        text("password_hash", nullable=True),
        text("totp_key", nullable=True),
        sa.Column("totp_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("totp_offered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False),
        text("zone", "UTC"),
        text("theme", "system"),
        text("density", "comfortable"),
        sa.Column("single_keys", sa.Boolean(), server_default="true", nullable=False),
        text("made_by"),
        moment("made_at", default=True),
        sa.CheckConstraint("state IN ('invited', 'active', 'disabled')", name=op.f("ck_staff_account_state_known")),
        sa.CheckConstraint("char_length(name) <= 100", name=op.f("ck_staff_account_name_length")),
        sa.CheckConstraint("char_length(email) BETWEEN 3 AND 254", name=op.f("ck_staff_account_email_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_account")),
    )
    op.create_index("uq_staff_account_email", "staff_account", [sa.text("lower(email)")], unique=True)


def make_sessions() -> None:
    op.create_table(
        "staff_session",
        *digest("staff_session"),
        *of_account("staff_session"),
        *(moment(name, default=True) for name in ("made_at", "seen_at", "confirmed_at")),
        moment("ends_at"),
        text("address"),
        text("agent"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_staff_session")),
    )
    op.create_index("ix_staff_session_account_id", "staff_session", ["account_id"])


def make_tokens() -> None:
    known = "kind IN ('invite', 'reset', 'sign-in')"
    op.create_table(
        "staff_token",
        *digest("staff_token"),
        *of_account("staff_token"),
        text("kind"),
        text("made_by"),
        moment("made_at", default=True),
        moment("expires_at"),
        moment("used_at", nullable=True),
        sa.CheckConstraint(known, name=op.f("ck_staff_token_kind_known")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_staff_token")),
    )
    op.create_index("ix_staff_token_account_id", "staff_token", ["account_id"])


def make_audit() -> None:
    op.create_table(
        "staff_audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *of_account("staff_audit"),
        text("step"),
        text("who"),
        text("note", ""),
        text("address", ""),
        moment("at", default=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_audit")),
    )
    op.create_index("ix_staff_audit_account_id_id", "staff_audit", ["account_id", "id"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('the audit of staff is only added to')"
    )


def downgrade() -> None:
    for name in ("audit", "attempt", "recovery", "token", "session", "account"):
        op.drop_table(f"staff_{name}")
