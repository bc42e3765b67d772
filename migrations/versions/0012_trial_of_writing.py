"""The row to which each process writes, for its readiness, to check that the database accepts writes.

Revision 0012, after 0011. A separate table, so that neither the check nor an event waits for the other. The
previous release does not use it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
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
