"""Numbers of events, and the seals over them.

Revision 0010, after 0009. No table is rewritten: one new column is nullable, and two have a constant default. The
previous release can run alongside this one; events that it stores have no number until `rules count` counts them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses = {
    "numbers_of_events": "SELECT count(seq) FROM activity_event",
    "seals": "SELECT count(*) FROM seal",
}


def upgrade() -> None:
    # The clock first: every event locks the tables in this order.
    for name in ("events", "sealed"):
        op.add_column("user_clock", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("activity_event", sa.Column("seq", sa.BigInteger(), nullable=True))
    op.create_table(
        "seal",
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("all_counted", sa.Boolean(), nullable=False),
        sa.Column("digest", postgresql.BYTEA(), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_seal")),
    )
    op.create_table(
        "sealed_player",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("t", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.BigInteger(), nullable=False),
        sa.Column("digest", postgresql.BYTEA(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "seq", name=op.f("pk_sealed_player")),
    )
    for table in ("seal", "sealed_player"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('seals are only added to')"
        )


def downgrade() -> None:
    op.drop_table("sealed_player")
    op.drop_table("seal")
    op.drop_column("user_clock", "sealed")
    op.drop_column("user_clock", "events")
    op.drop_column("activity_event", "seq")
