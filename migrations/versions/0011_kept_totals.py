"""Stored totals of a player, so that reading them never scans a whole history.

Revision 0011, after 0010. The table begins empty: reading a player's totals adds the events not yet counted, some at a
time. The previous release need not know about it, because it only appends events after the counted ones.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {}  # the totals can be computed again


def upgrade() -> None:
    op.create_table(
        "user_total",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("counted_t", sa.BigInteger(), nullable=False),
        sa.Column("deposits", sa.BigInteger(), nullable=False),
        sa.Column("deposited", sa.Numeric(), nullable=False),
        sa.Column("withdraws", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_total")),
    )


def downgrade() -> None:
    op.drop_table("user_total")
