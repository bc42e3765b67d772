"""Who looked at which customer, and what was exported.

Revision 0027, after 0026. Two new tables, which the previous release does not use: it may serve meanwhile.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses = {
    "records_of_who_looked_at_customers": "SELECT count(*) FROM customer_view",
    "records_of_exports": "SELECT count(*) FROM export_log",
}

HOUR = "date_trunc('hour', now(), 'UTC')"
APPEND_ONLY = (
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {}"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('{} is only added to')"
)


def identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def moment(name: str, default: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text(default), nullable=False)


def by_staff(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["staff_id"], ["staff_account.id"], name=op.f(f"fk_{table}_staff_id_staff_account"))


def upgrade() -> None:
    op.create_table(
        "customer_view",
        identity(),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        moment("hour", HOUR),
        moment("at", "now()"),
        by_staff("customer_view"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_view")),
    )
    name = "uq_customer_view_user_id_staff_id_hour"
    op.create_index(name, "customer_view", ["user_id", "staff_id", "hour"], unique=True)
    op.create_index("ix_customer_view_user_id_id", "customer_view", ["user_id", "id"])
    op.execute(APPEND_ONLY.format("customer_view", "the record of who looked at customers"))
    op.create_table(
        "export_log",
        identity(),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        moment("at", "now()"),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_export_log_sha256_length")),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_export_log_rows_not_negative")),
        by_staff("export_log"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_log")),
    )
    op.create_index("ix_export_log_user_id_id", "export_log", ["user_id", "id"])
    op.execute(APPEND_ONLY.format("export_log", "the log of exports"))


def downgrade() -> None:
    op.drop_table("export_log")
    op.drop_table("customer_view")
