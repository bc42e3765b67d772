"""Cases: what people do about alerts.

Revision 0025, after 0024. New tables, and a column of the feed with a constant default. The previous release may serve
meanwhile. Cases begin after the last entry that the feed has now.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses = {
    "cases": "SELECT count(*) FROM care_case",
    "steps_in_the_journals_of_cases": "SELECT count(*) FROM case_event",
}

VISIBLE = "snoozed_until IS NULL AND status IN ('new', 'in_review')"
# Each list of the queue has an index in its order.
INDEXES = {
    "ix_care_case_user_id_opened_at": (("user_id", "opened_at"), None),
    "ix_care_case_status_id": (("status", "id"), None),
    "ix_care_case_status_priority_due_at_id_visible": (("status", "priority", "due_at", "id"), VISIBLE),
    "ix_care_case_assignee_priority_due_at_id_visible": (("assignee", "priority", "due_at", "id"), VISIBLE),
    "ix_care_case_priority_due_at_id_strong": (("priority", "due_at", "id"), f"{VISIBLE} AND strength = 'strong'"),
    "ix_care_case_due_at_id_visible": (("due_at", "id"), VISIBLE),
    "ix_care_case_due_at_id_monitoring": (("due_at", "id"), "status = 'monitoring'"),
    "ix_care_case_snoozed_until_id": (("snoozed_until", "id"), "snoozed_until IS NOT NULL"),
    "ix_care_case_closed_at_id": (("closed_at", "id"), "status = 'closed'"),
    "ix_care_case_status_last_alert_at_id_visible": (("status", "last_alert_at", "id"), VISIBLE),
    "ix_care_case_assignee_last_alert_at_id_visible": (("assignee", "last_alert_at", "id"), VISIBLE),
    "ix_care_case_last_alert_at_id_strong": (("last_alert_at", "id"), f"{VISIBLE} AND strength = 'strong'"),
}
CHECKS = {
    "status_known": "status IN ('new', 'in_review', 'monitoring', 'closed')",
    "strength_known": "strength IN ('normal', 'strong')",
    "priority_range": "priority BETWEEN 0 AND 3",
    "closed_at_when_closed": "(status = 'closed') = (closed_at IS NOT NULL)",
    "outcome_when_closed": "(status = 'closed') = (outcome IS NOT NULL)",
    "snoozed_when_open": "snoozed_until IS NULL OR status IN ('new', 'in_review')",
}


def big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def number(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), autoincrement=False, server_default=default, nullable=nullable)


def identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def words(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def flag(name: str, default: str | None = None) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=default, nullable=False)


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def upgrade() -> None:
    op.add_column("alert_feed", flag("quiet", "false"))
    make_cases()
    make_alerts()
    make_events()
    make_mutes()
    make_desks()
    op.create_table(
        "case_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        big("number"),
        big("began"),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_case_head_only_one")),
        key("case_head", "id"),
    )
    op.execute("INSERT INTO case_head (id, number, began) SELECT 1, number, number FROM feed_head WHERE id = 1")


def make_cases() -> None:
    op.create_table(
        "care_case",
        identity(),
        big("user_id"),
        words("status"),
        words("strength"),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("codes", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False),
        number("alert_count", "0"),
        big("first_t", nullable=True),
        big("last_t", nullable=True),
        *(moment(name) for name in ("opened_at", "last_alert_at", "due_at")),
        number("assignee", nullable=True),
        *(moment(name, nullable=True) for name in ("first_seen_at", "first_action_at", "snoozed_until")),
        words("outcome", nullable=True),
        moment("closed_at", nullable=True),
        number("closed_by", nullable=True),
        big("reopened_from", nullable=True),
        flag("legal_hold", "false"),
        words("indicator", nullable=True),
        words("sentence", ""),
        number("version", "1"),
        number("events", "0"),
        *(sa.CheckConstraint(holds, name=op.f(f"ck_care_case_{name}")) for name, holds in CHECKS.items()),
        key("care_case", "id"),
        refers("care_case", "assignee", "staff_account"),
        refers("care_case", "closed_by", "staff_account"),
        refers("care_case", "reopened_from", "care_case"),
    )
    is_open = sa.text("status <> 'closed'")
    op.create_index("uq_care_case_user_id_open", "care_case", ["user_id"], unique=True, postgresql_where=is_open)
    for name, (columns, where) in INDEXES.items():
        op.create_index(name, "care_case", [*columns], postgresql_where=sa.text(where) if where else None)


def make_alerts() -> None:
    op.create_table(
        "case_alert",
        big("user_id"),
        big("t"),
        number("n"),
        number("code"),
        big("case_id"),
        big("number"),
        number("edition"),
        moment("at"),
        sa.Column("value", sa.Numeric(), nullable=True),
        words("sentence"),
        flag("muted"),
        moment("retracted_at", nullable=True),
        key("case_alert", "user_id", "t", "n", "code"),
        refers("case_alert", "case_id", "care_case"),
    )
    op.create_index("ix_case_alert_case_id_number", "case_alert", ["case_id", "number"])
    op.create_index("ix_case_alert_case_id_code_number", "case_alert", ["case_id", "code", "number"])


def make_events() -> None:
    op.create_table(
        "case_event",
        big("case_id"),
        number("seq"),
        number("version"),
        words("step"),
        words("who"),
        number("staff_id", nullable=True),
        moment("at"),
        words("form_id", nullable=True),
        words("note", ""),
        sa.Column("detail", postgresql.JSONB(), server_default="{}", nullable=False),
        words("status"),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        number("assignee", nullable=True),
        moment("snoozed_until", nullable=True),
        moment("due_at"),
        words("outcome", nullable=True),
        number("alert_count"),
        key("case_event", "case_id", "seq"),
        refers("case_event", "case_id", "care_case"),
        refers("case_event", "staff_id", "staff_account"),
    )
    named = sa.text("form_id IS NOT NULL")
    op.create_index("uq_case_event_form_id", "case_event", ["form_id"], unique=True, postgresql_where=named)
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_event"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('the journal of a case is only added to')"
    )


def make_mutes() -> None:
    op.create_table(
        "case_mute",
        identity(),
        big("case_id"),
        big("user_id"),
        number("code"),
        moment("until"),
        words("reason"),
        sa.Column("value", sa.Numeric(), nullable=True),
        words("made_by"),
        moment("made_at"),
        flag("in_force", "true"),
        moment("ended_at", nullable=True),
        words("ended", nullable=True),
        key("case_mute", "id"),
        refers("case_mute", "case_id", "care_case"),
    )
    name, in_force = "uq_case_mute_user_id_code_in_force", sa.text("in_force")
    op.create_index(name, "case_mute", ["user_id", "code"], unique=True, postgresql_where=in_force)


def make_desks() -> None:
    op.create_table(
        "case_presence",
        big("case_id"),
        number("staff_id"),
        moment("seen_at"),
        key("case_presence", "case_id", "staff_id"),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_case_presence_seen_at", "case_presence", ["seen_at"])
    op.create_table(
        "case_draft",
        number("staff_id"),
        big("case_id"),
        words("text"),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        key("case_draft", "staff_id", "case_id"),
        refers("case_draft", "staff_id", "staff_account"),
        refers("case_draft", "case_id", "care_case"),
    )
    op.create_table(
        "saved_view",
        identity(),
        number("staff_id"),
        words("name"),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        key("saved_view", "id"),
        refers("saved_view", "staff_id", "staff_account"),
    )
    op.create_index("uq_saved_view_staff_id_name", "saved_view", ["staff_id", "name"], unique=True)


def downgrade() -> None:
    for name in ("head", "draft", "presence", "mute", "event", "alert"):
        op.drop_table(f"case_{name}")
    op.drop_table("saved_view")
    op.drop_table("care_case")
    op.drop_column("alert_feed", "quiet")
