"""Which key sent an event, who created and revoked a key, and the audit of keys.

Revision 0008, after 0007. `key_id` is nullable and has no default, so that no event's row is rewritten; the
previous release leaves it null. Only the small table of keys is rewritten.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses = {
    "steps_of_the_audit_of_keys": "SELECT count(*) FROM key_event",
    "events_with_their_key": "SELECT count(key_id) FROM activity_event",
}


def upgrade() -> None:
    # One table per transaction: while waiting for the lock of one, this must not hold that of the other.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE activity_event ADD COLUMN IF NOT EXISTS key_id integer")
    op.add_column("api_key", sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False))
    op.create_unique_constraint(op.f("uq_api_key_id"), "api_key", ["id"])
    op.add_column("api_key", sa.Column("created_by", sa.Text(), nullable=True))
    op.add_column("api_key", sa.Column("revoked_by", sa.Text(), nullable=True))
    none = sa.text("'[]'")
    op.add_column("api_key", sa.Column("refusals", postgresql.JSONB(), server_default=none, nullable=False))
    op.create_index("ix_api_key_revoked_at", "api_key", ["revoked_at"])
    make_audit()


def make_audit() -> None:
    op.create_table(
        "key_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.CheckConstraint("step IN ('create', 'rotate', 'revoke')", name=op.f("ck_key_event_step_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_event")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON key_event"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('the audit of keys is only added to')"
    )


def downgrade() -> None:
    op.drop_table("key_event")
    op.drop_index("ix_api_key_revoked_at", "api_key")
    for column in ("refusals", "revoked_by", "created_by", "id"):
        op.drop_column("api_key", column)
    op.drop_column("activity_event", "key_id")
