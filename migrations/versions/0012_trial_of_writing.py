"""The row on which each process tries, for its readiness, whether the database takes a write.

Revision 0012, after 0011. A table of its own, so that a trial waits for no event and no event for a trial. The release
before does not look at it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# What a downgrade takes away for good, each with the question of how much that is.
loses: dict[str, str] = {}


def upgrade() -> None:
    op.create_table(
        "write_trial",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_write_trial_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_trial")),
    )
    op.execute("INSERT INTO write_trial (id) VALUES (1)")


def downgrade() -> None:
    op.drop_table("write_trial")
