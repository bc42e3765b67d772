"""Which duties of a worker fail, told with its sign of life.

Revision 0023, after 0022. A new table only, to which a worker of the previous release writes nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

loses: dict[str, str] = {}  # what fails is told again with the next sign of life


def upgrade() -> None:
    op.create_table(
        "work_trouble",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("host", "pid", "duty", name=op.f("pk_work_trouble")),
    )


def downgrade() -> None:
    op.drop_table("work_trouble")
