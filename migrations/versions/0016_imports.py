"""The tables of imports.

Revision 0016, after 0015. New tables only; the previous release does not use them. Lines that wait to be imported are
not logged: they can be read from the file again.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {"imports": "SELECT count(*) FROM import_job"}


def number(name: str, kind: type[sa.Integer] = sa.BigInteger, **options: object) -> "sa.Column[int]":
    return sa.Column(name, kind(), nullable=False, autoincrement=False, **options)  # type: ignore[arg-type]


def text(name: str, **options: object) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=False, **options)  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "import_job",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        text("file"),
        text("digest"),
        sa.Column("form", postgresql.JSONB(), nullable=False),
        text("state", server_default="reading"),
        number("edition", sa.Integer),
        sa.Column("shadow", sa.Integer(), nullable=True),
        text("made_by"),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *(number(name, server_default="0") for name in ("lines", "ignored", "imported")),
        sa.CheckConstraint(
            "state IN ('reading', 'importing', 'done', 'refused', 'tried', 'left')",
            name=op.f("ck_import_job_state_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )
    op.create_table(
        "import_line",
        number("job_id", sa.Integer),
        *(number(name) for name in ("user_id", "t", "line")),
        sa.Column("type", postgresql.ENUM(name="activity_type", create_type=False), nullable=False),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "user_id", "t", "line", name=op.f("pk_import_line")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "import_span",
        *(number(name, sa.Integer) for name in ("job_id", "no")),
        *(number(name) for name in ("first_user", "first_t", "last_user", "last_t", "lines")),
        sa.Column("imported", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "no", name=op.f("pk_import_span")),
    )
    op.create_table(
        "import_fault",
        number("job_id", sa.Integer),
        number("line"),
        *(text(name) for name in ("field", "reason")),
        text("text", server_default=""),
        sa.PrimaryKeyConstraint("job_id", "line", name=op.f("pk_import_fault")),
    )


def downgrade() -> None:
    for table in ("import_fault", "import_span", "import_line", "import_job"):
        op.drop_table(table)
