"""Endpoints that are told of alerts, and what is delivered to them.

Revision 0022, after 0021. New tables only; the previous release may serve meanwhile.
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses = {
    "endpoints": "SELECT count(*) FROM endpoint WHERE state <> 'deleted'",
    "deliveries_due": "SELECT count(*) FROM delivery WHERE state = 'due'",
}


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _now(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _list(name: str, item: type[sa.Text | sa.Integer]) -> sa.Column[list[object]]:
    return sa.Column(name, postgresql.ARRAY(item()), server_default="{}", nullable=False)


def upgrade() -> None:
    op.create_table(
        "endpoint",
        _id(),
        _text("name"),
        _text("url"),
        _text("format"),
        _list("topics", sa.Text),
        _list("codes", sa.Integer),
        sa.Column("strength", sa.Text(), nullable=True),
        _list("groups", sa.Text),
        sa.Column("only_fresh", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("per_second", sa.Integer(), nullable=False),
        _text("state", "enabled"),
        _text("reason", ""),
        _text("key"),
        sa.Column("secret_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("previous_key", sa.Text(), nullable=True),
        _moment("previous_until"),
        _moment("failing_since"),
        _moment("hold_until"),
        _moment("ready_at"),
        _text("made_by"),
        _now("made_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint")),
    )
    op.create_table(
        "endpoint_event",
        _id(),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        _text("step"),
        _text("who"),
        _text("note", ""),
        _now("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint_event")),
    )
    op.create_index("ix_endpoint_event_endpoint_id", "endpoint_event", ["endpoint_id"])
    op.create_table(
        "notice",
        _id(),
        _text("topic"),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("taken_up", sa.Boolean(), server_default="false", nullable=False),
        _now("made_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_id_new", "notice", ["id"], postgresql_where=sa.text("NOT taken_up"))
    _create_deliveries()


def _create_deliveries() -> None:
    op.create_table(
        "delivery",
        _id(),
        _text("message_id"),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        _text("topic"),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("t", sa.BigInteger(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("no", sa.Integer(), nullable=True),
        _list("codes", sa.Integer),
        sa.Column("notice_id", sa.BigInteger(), nullable=True),
        _text("state", "due"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _now("next_at"),
        _moment("lease_until"),
        sa.Column("last_status", sa.Integer(), nullable=True),
        _text("last_error", ""),
        _now("made_at"),
        _moment("done_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("message_id", "endpoint_id", name=op.f("uq_delivery_message_id_endpoint_id")),
    )
    due = sa.text("state = 'due'")
    op.create_index("ix_delivery_endpoint_id_next_at_due", "delivery", ["endpoint_id", "next_at"], postgresql_where=due)
    op.create_index("ix_delivery_endpoint_id_id", "delivery", ["endpoint_id", "id"])
    leased = sa.text("lease_until IS NOT NULL")
    op.create_index(
        "ix_delivery_endpoint_id_lease_until", "delivery", ["endpoint_id", "lease_until"], postgresql_where=leased
    )
    undelivered = sa.text("state <> 'delivered'")
    op.create_index("ix_delivery_state_id_undelivered", "delivery", ["state", "id"], postgresql_where=undelivered)
    done = sa.text("state <> 'due'")
    op.create_index("ix_delivery_state_done_at", "delivery", ["state", "done_at"], postgresql_where=done)
    op.create_table(
        "delivery_attempt",
        sa.Column("delivery_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        _now("at"),
        sa.Column("status", sa.Integer(), nullable=True),
        _text("error", ""),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "no", name=op.f("pk_delivery_attempt")),
    )


def downgrade() -> None:
    for table in ("delivery_attempt", "delivery", "notice", "endpoint_event", "endpoint"):
        op.drop_table(table)
