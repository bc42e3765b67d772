"""The edition that each one is based on, and the one that a publication named to be replaced.

Revision 0006, after 0005. For existing editions, the audit says which one was live when they were drafted. The columns
are nullable, so that the previous release can run alongside this one: its drafts have no base.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {
    "bases": "SELECT count(*) FROM rule_book WHERE based_on IS NOT NULL",
    "publications_over": "SELECT count(*) FROM rule_book_audit WHERE published_over IS NOT NULL",
}

AS_DRAFTED = ("edition", "rules", "author", "note", "created_at")
LIVE_WHEN_DRAFTED = """
    UPDATE rule_book AS drafted SET based_on = (
        SELECT published.edition
        FROM rule_book_audit AS published JOIN rule_book_audit AS draft ON published.id < draft.id
        WHERE published.step = 'publish' AND draft.step = 'draft' AND draft.edition = drafted.edition
        ORDER BY published.id DESC LIMIT 1
    )
"""


def upgrade() -> None:
    op.add_column("rule_book", sa.Column("based_on", sa.Integer(), nullable=True))
    op.execute(LIVE_WHEN_DRAFTED)
    op.create_check_constraint(op.f("ck_rule_book_based_on_earlier"), "rule_book", "based_on < edition")
    refer("rule_book", "based_on")
    refuse_updates_of(*AS_DRAFTED, "based_on")
    op.add_column("rule_book_audit", sa.Column("published_over", sa.Integer(), nullable=True))
    refer("rule_book_audit", "published_over")


def downgrade() -> None:
    op.drop_column("rule_book_audit", "published_over")
    refuse_updates_of(*AS_DRAFTED)
    op.drop_column("rule_book", "based_on")


def refer(table: str, column: str) -> None:
    """Make a column refer to editions."""
    op.create_foreign_key(op.f(f"fk_{table}_{column}_rule_book"), table, "rule_book", [column], ["edition"])


def refuse_updates_of(*columns: str) -> None:
    """Refuse changes of these columns, which hold an edition's content."""
    op.execute("DROP TRIGGER as_drafted ON rule_book")
    op.execute(
        f"CREATE TRIGGER as_drafted BEFORE UPDATE OF {', '.join(columns)} ON rule_book"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('an edition never changes; draft another')"
    )
