"""Fresh alerts, and what rules mean.

Revision 0019, after 0018. The new column is nullable and no row is rewritten: alerts of the previous release, which can
run alongside this one, stay without it. The indexes are built concurrently; nothing is in them yet. Rules keep their
meaning in the rule book, which needs no new column, but the previous release cannot read an edition that has any.
"""

import sqlalchemy as sa
from alembic import op

from migrations.online import at_once, build, drop, online

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MEANING = ("indicator", "strength", "guidance")
RULES_WITH_MEANING = "'$[*] ? (exists (@.indicator) || exists (@.strength) || exists (@.guidance))'"

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {
    "marks_of_fresh_alerts": "SELECT count(fresh) FROM alert",
    "meanings_of_rules": (
        f"SELECT count(*) FROM rule_book, jsonb_path_query(rules, {RULES_WITH_MEANING})"  # noqa: S608  # ours
    ),
}

INDEXES = (
    ("ix_alert_shadow_edition_code_t_user_id_n_fresh", "shadow edition code t user_id n"),
    ("ix_alert_user_id_shadow_edition_code_t_n_fresh", "user_id shadow edition code t n"),
)
# The release before reads no edition with members that it does not know.
WITHOUT_MEANING = f"""
    UPDATE rule_book SET rules = (
        SELECT jsonb_agg(rule - ARRAY{list(MEANING)} ORDER BY place)
        FROM jsonb_array_elements(rules) WITH ORDINALITY AS each (rule, place)
    ) WHERE jsonb_path_exists(rules, {RULES_WITH_MEANING})
"""  # noqa: S608  # ours


def upgrade() -> None:
    with online():
        at_once("ALTER TABLE alert ADD COLUMN IF NOT EXISTS fresh boolean")
        for name, columns in INDEXES:
            build("alert", name, columns, postgresql_where=sa.text("fresh"))


def downgrade() -> None:
    op.execute("ALTER TABLE rule_book DISABLE TRIGGER as_drafted")
    op.execute(WITHOUT_MEANING)
    op.execute("ALTER TABLE rule_book ENABLE TRIGGER as_drafted")
    with online():
        for name, _ in INDEXES:
            drop("alert", name)
        at_once("ALTER TABLE alert DROP COLUMN IF EXISTS fresh")
