"""An index for a player's events that raised an alert code.

Revision 0003, after 0002.

It is built concurrently: events are accepted meanwhile, however long it takes. If it fails, it leaves an invalid index,
so the next attempt begins by dropping that.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {}

INDEX = "ix_activity_event_user_id_alert_codes_t"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # This waits for every transaction that began before it, and nothing waits for it.
        op.execute("SET lock_timeout = 0; SET statement_timeout = 0")
        op.drop_index(INDEX, "activity_event", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            INDEX,
            "activity_event",
            ["user_id", "alert_codes", "t"],
            postgresql_where=sa.text("alert_codes <> '{}'"),
            postgresql_concurrently=True,
        )
        op.execute("SET lock_timeout = '5s'; SET statement_timeout = '10min'")  # as migrations/env.py has them


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "activity_event", postgresql_concurrently=True)
