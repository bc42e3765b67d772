"""Events, clocks and the register of players.

Revision 0001, after none.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {
    "events": "SELECT count(*) FROM activity_event",
    "users": "SELECT count(*) FROM registered_user",
}

activity_type = postgresql.ENUM("deposit", "withdraw", name="activity_type", create_type=False)


def upgrade() -> None:
    activity_type.create(op.get_bind())
    op.create_table(
        "activity_event",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("t", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", activity_type, nullable=False),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False),
        sa.Column("alert_codes", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("user_id > 0", name=op.f("ck_activity_event_user_id_positive")),
        sa.CheckConstraint("t >= 0", name=op.f("ck_activity_event_t_not_negative")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_activity_event_amount_positive")),
        sa.PrimaryKeyConstraint("user_id", "t", name=op.f("pk_activity_event")),
    )
    op.create_index("ix_activity_event_user_id_type_t", "activity_event", ["user_id", "type", "t"])
    op.create_table(
        "user_clock",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_t", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("user_id >= 0", name=op.f("ck_user_clock_user_id_not_negative")),
        sa.CheckConstraint("last_t >= 0", name=op.f("ck_user_clock_last_t_not_negative")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_clock")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "registered_user",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("user_id > 0", name=op.f("ck_registered_user_user_id_positive")),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 100", name=op.f("ck_registered_user_name_length")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_registered_user")),
    )
    op.create_index("uq_registered_user_email_without_case", "registered_user", [sa.text("lower(email)")], unique=True)


def downgrade() -> None:
    op.drop_table("registered_user")
    op.drop_table("user_clock")
    op.drop_table("activity_event")
    activity_type.drop(op.get_bind())
