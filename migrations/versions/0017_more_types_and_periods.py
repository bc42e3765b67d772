"""Two more types of event, and the version of the time zones that an edition was drafted with.

Revision 0017, after 0016. No table is rewritten, and nothing is locked for longer than it takes to note the change. The
previous release can run alongside this one as long as nobody sends events of the new types or publishes rules of the
new kinds: it knows neither.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NEW_TYPES = ("deposit_failed", "withdraw_cancelled")
ARE_STORED = """
    DO $$ BEGIN
        IF EXISTS (SELECT FROM activity_event WHERE type::text IN ('deposit_failed', 'withdraw_cancelled'))
            OR EXISTS (
                SELECT FROM superseded_event
                WHERE '{deposit_failed,withdraw_cancelled}'::text[] && ARRAY[type::text, new_type::text]
            )
        THEN
            RAISE EXCEPTION 'failed deposits or cancelled withdrawals are stored, which the release before cannot read'
            USING HINT = 'Stay with this release, or restore the backup that was made before the upgrade.';
        END IF;
    END $$
    """

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {"versions_of_time_zones": "SELECT count(*) FROM rule_book WHERE time_zones IS NOT NULL"}


def upgrade() -> None:
    for name in NEW_TYPES:
        op.execute(f"ALTER TYPE activity_type ADD VALUE IF NOT EXISTS '{name}'")
    op.add_column("rule_book", sa.Column("time_zones", sa.Text(), nullable=True))


def downgrade() -> None:
    # The names stay in the type, where they do no harm.
    op.execute(ARE_STORED)
    op.drop_column("rule_book", "time_zones")
