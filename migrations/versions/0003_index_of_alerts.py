"""An index that finds the events of a user that met a code.

Revision 0003, after 0002.

It is built beside the traffic: events are taken all the while, however long it takes. Where it does not come to
its end, it leaves an index that is of no use; so the next try begins by dropping that.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What a downgrade takes away for good, each with the question of how much that is.
loses: dict[str, str] = {}

INDEX = "ix_activity_event_user_id_alert_codes_t"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # It waits for the end of every transaction that began before it, and nobody waits for it meanwhile.
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
