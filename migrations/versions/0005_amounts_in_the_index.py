"""Amounts in the index by type, so that a window of weeks is added up from the index alone.

Revision 0005, after 0004. The new index is built beside the traffic, which uses the old one as long; where it does
not come to its end, the next try begins by dropping what was left.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What a downgrade takes away for good, each with the question of how much that is.
loses: dict[str, str] = {}

INDEX = "ix_activity_event_user_id_type_t"


def upgrade() -> None:
    replace_index(include=["amount"])


def downgrade() -> None:
    replace_index(include=[])


def replace_index(*, include: list[str]) -> None:
    with op.get_context().autocommit_block():
        # It waits for the end of every transaction that began before it, and nobody waits for it meanwhile.
        op.execute("SET lock_timeout = 0; SET statement_timeout = 0")
        op.drop_index(f"{INDEX}_new", "activity_event", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            f"{INDEX}_new",
            "activity_event",
            ["user_id", "type", "t"],
            postgresql_include=include or None,
            postgresql_concurrently=True,
        )
        op.drop_index(INDEX, "activity_event", if_exists=True, postgresql_concurrently=True)
        op.execute(f"ALTER INDEX {INDEX}_new RENAME TO {INDEX}")
        op.execute("SET lock_timeout = '5s'; SET statement_timeout = '10min'")  # as migrations/env.py has them
