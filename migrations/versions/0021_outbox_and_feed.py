"""An outbox, in which each event notes what it raises, and the feed of alerts, which a worker numbers from it.

Revision 0021, after 0020. Three new tables. The previous release may serve meanwhile: it notes nothing, and the first
worker of this release notes what it finds stored.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it. Later, the feed would be numbered anew, and
# whoever reads it by number would misread it.
loses = {"feed_entries": "SELECT count(*) FROM alert_feed"}

KINDS = ("raised", "found-late", "retracted")
KIND = postgresql.ENUM(*KINDS, name="alert_kind", create_type=False)


def upgrade() -> None:
    postgresql.ENUM(*KINDS, name="alert_kind").create(op.get_bind())
    op.create_table(
        "outbox",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("t", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quiet", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "t", "n", "kind", "no", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_id", "outbox", ["id"])
    op.create_table(
        "alert_feed",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("t", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_alert_feed")),
    )
    columns = ["user_id", "t", "n", "kind", "no", "code"]
    op.create_index("uq_alert_feed_user_id_t_n_kind_no_code", "alert_feed", columns, unique=True)
    op.create_table(
        "feed_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("t", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_feed_head_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_head")),
    )
    op.execute("INSERT INTO feed_head (id, number, stage, user_id, t, n) VALUES (1, 0, 0, 0, -1, 0)")
    op.create_table(
        "work_beat",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("host", sa.Text(), server_default="", nullable=False),
        sa.Column("pid", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_work_beat_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_beat")),
    )
    op.execute("INSERT INTO work_beat (id) VALUES (1)")


def downgrade() -> None:
    for table in ("work_beat", "feed_head", "alert_feed", "outbox"):
        op.drop_table(table)
    postgresql.ENUM(name="alert_kind").drop(op.get_bind())
