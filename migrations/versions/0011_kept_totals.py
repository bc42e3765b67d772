"""Totals of a player, kept so that to read them never walks a whole history.

Revision 0011, after 0010. The table begins empty: who reads a player's totals adds up what is not counted yet, some
events at a time. The release before knows nothing of it, and need not: it only adds events, after those counted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What a downgrade takes away for good, each with the question of how much that is.
loses: dict[str, str] = {}  # it is all added up again


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
