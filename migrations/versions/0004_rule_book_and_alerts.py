"""The rule book, the edition that judged each event, and alerts with their evidence.

Revision 0004, after 0003. Edition 1 holds the four rules of the contract, which evaluated all events so far.
"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {
    "alerts": "SELECT count(*) FROM alert",
    "editions": "SELECT count(*) FROM rule_book WHERE edition > 1",
    "steps": "SELECT count(*) FROM rule_book_audit WHERE who <> 'migration 0004'",
    "events_of_other_editions": "SELECT count(*) FROM activity_event WHERE edition <> 1",
}

edition_status = postgresql.ENUM("draft", "shadow", "live", "retired", name="edition_status", create_type=False)
edition_step = postgresql.ENUM(
    "draft", "shadow", "displace", "publish", "retire", name="edition_step", create_type=False
)

BOTH = ["deposit", "withdraw"]
EDITION_1 = [
    {
        "code": 30,
        "kind": "streak",
        "name": "withdraws in a row",
        "description": "three consecutive withdraws",
        "type": "withdraw",
        "count": 3,
        "evaluated_on": BOTH,
    },
    {
        "code": 123,
        "kind": "window_total",
        "name": "much deposited at once",
        "description": "deposits within 30 seconds add up to above 200",
        "type": "deposit",
        "above": "200.00",
        "seconds": 30,
        "evaluated_on": BOTH,
    },
    {
        "code": 300,
        "kind": "rising_streak",
        "name": "rising deposits",
        "description": "three consecutive rising deposits, withdraws ignored",
        "type": "deposit",
        "count": 3,
        "evaluated_on": BOTH,
    },
    {
        "code": 1100,
        "kind": "threshold",
        "name": "large withdraw",
        "description": "a withdraw above 100",
        "type": "withdraw",
        "above": "100.00",
        "evaluated_on": BOTH,
    },
]
BY = "migration 0004"


def upgrade() -> None:
    make_rule_book()
    op.add_column("activity_event", sa.Column("edition", sa.Integer(), server_default="1", nullable=False))
    op.create_table(
        "alert",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("t", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "shadow", "edition", "code", "t", name=op.f("pk_alert")),
    )
    op.create_index(
        "ix_alert_shadow_t_user_id_code",
        "alert",
        ["shadow", "t", "user_id", "code"],
        postgresql_where=sa.text("code > 0"),
    )
    op.create_index(
        "ix_alert_shadow_edition_code_t_user_id",
        "alert",
        ["shadow", "edition", "code", "t", "user_id"],
        postgresql_where=sa.text("edition > 0"),
    )


def make_rule_book() -> None:
    edition_status.create(op.get_bind())
    edition_step.create(op.get_bind())
    book = op.create_table(
        "rule_book",
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", edition_status, nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Text(), nullable=True),
        sa.CheckConstraint("edition > 0", name=op.f("ck_rule_book_edition_positive")),
        sa.PrimaryKeyConstraint("edition", name=op.f("pk_rule_book")),
    )
    for status in ("live", "shadow"):
        where = sa.text(f"status = '{status}'")
        op.create_index(f"uq_rule_book_{status}", "rule_book", ["status"], unique=True, postgresql_where=where)
    op.create_table(
        "rule_book_audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("step", edition_step, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["rule_book.edition"], name=op.f("fk_rule_book_audit_edition_rule_book")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_book_audit")),
    )
    make_it_lasting()
    note = "the rules of the contract"
    op.execute(
        sa.insert(book).values(
            edition=1,
            status="live",
            rules=sa.cast(sa.literal(json.dumps(EDITION_1)), postgresql.JSONB()),
            author=BY,
            note=note,
            published_at=sa.func.now(),
            published_by=BY,
        )
    )
    op.execute(
        f"INSERT INTO rule_book_audit (edition, step, who, note) VALUES (1, 'draft', '{BY}', '{note}'),"  # noqa: S608  # all ours
        f" (1, 'publish', '{BY}', '{note}')"
    )


def make_it_lasting() -> None:
    """Refuse changes of an edition's content and of the audit, because events and alerts refer to them."""
    op.execute(
        """
        CREATE FUNCTION refuse_this() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$
        """
    )
    refuse(
        "UPDATE OR DELETE OR TRUNCATE", "rule_book_audit", "append_only", "the audit of the rule book is only added to"
    )
    refuse("DELETE OR TRUNCATE", "rule_book", "kept", "an edition is never removed; retire it")
    drafted = "edition, rules, author, note, created_at"
    refuse(f"UPDATE OF {drafted}", "rule_book", "as_drafted", "an edition never changes; draft another")


def refuse(change: str, table: str, name: str, told: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {change} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('{told}')"
    )


def downgrade() -> None:
    op.drop_table("alert")
    op.drop_column("activity_event", "edition")
    op.drop_table("rule_book_audit")
    op.drop_table("rule_book")
    op.execute("DROP FUNCTION refuse_this")
    edition_step.drop(op.get_bind())
    edition_status.drop(op.get_bind())
