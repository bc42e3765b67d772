"""Amounts in the index by type, so that an index-only scan can add up a window of weeks.

Revision 0005, after 0004. The new index is built concurrently, while queries use the old one; if that fails, the next
attempt begins by dropping what was left.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {}

INDEX = "ix_activity_event_user_id_type_t"


def upgrade() -> None:
    replace_index(include=["amount"])


def downgrade() -> None:
    replace_index(include=[])


def replace_index(*, include: list[str]) -> None:
    with op.get_context().autocommit_block():
        # This waits for every transaction that began before it, and nothing waits for it.
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
