"""Running totals of players' events, so that sums of long windows need not read all that the windows hold.

Revision 0020, after 0019. A new table, which begins empty, and one statement more in the function that corrects events.
The previous release does not use the table and may store events meanwhile: those come after all that is counted, its
late events are counted in the clocks, and its corrections call the same function.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {}  # running totals are written again

# A correction changes what was counted, and may set the clock back. The function is edited where it stands, so that it
# keeps its search path and whatever else it does by then.
BEFORE = "INSERT INTO superseded_event ("
AFTER = f"DELETE FROM running_total WHERE user_id = player;\n        {BEFORE}"  # noqa: S608  # constants of ours
EDIT = """
    DO $do$ DECLARE
        stands CONSTANT text := pg_get_functiondef('correct_event'::regproc);
        edited CONSTANT text := replace(stands, $${old}$$, $${new}$$);
    BEGIN
        IF edited = stands THEN
            RAISE EXCEPTION 'correct_event is not as it should be before revision 0020 is applied or reverted';
        END IF;
        EXECUTE edited;
    END $do$
"""


def upgrade() -> None:
    op.create_table(
        "running_total",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", postgresql.ENUM(name="activity_type", create_type=False), nullable=False),
        sa.Column("series", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("t", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "type", "series", "t", name=op.f("pk_running_total")),
    )
    op.execute(EDIT.format(old=BEFORE, new=AFTER))


def downgrade() -> None:
    op.execute(EDIT.format(old=AFTER, new=BEFORE))
    op.drop_table("running_total")
