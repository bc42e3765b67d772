"""Two more types of event, and the version of the time zones that an edition was drafted with.

Revision 0017, after 0016. No table is rewritten, and nothing is locked for longer than it takes to note the change. The
previous release can run alongside this one as long as nobody sends events of the new types or publishes rules of the
new kinds: it knows neither.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CONTENT = ("edition", "rules", "author", "note", "created_at", "based_on")  # of an edition, since 0006
NEW_TYPES = ("deposit_failed", "withdraw_cancelled")
ARE_STORED = """
    DO $$ BEGIN
        IF EXISTS (SELECT FROM activity_event WHERE type::text IN ('deposit_failed', 'withdraw_cancelled'))
            OR EXISTS (
                SELECT FROM superseded_event
                WHERE '{deposit_failed,withdraw_cancelled}'::text[] && ARRAY[type::text, new_type::text]
            )
        THEN
            RAISE EXCEPTION 'failed deposits or cancelled withdrawals are stored, which the release before cannot read'
            USING HINT = 'Stay with this release, or restore the backup that was made before the upgrade.';
        END IF;
    END $$
    """

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {"versions_of_time_zones": "SELECT count(*) FROM rule_book WHERE time_zones IS NOT NULL"}
# What forbids a downgrade, each with the query that finds it: the release before can read neither.
forbidden_while: dict[str, str] = {
    "failed deposits or cancelled withdrawals are stored, which the release before cannot read: stay with this "
    "release, or restore the backup that was made before the upgrade": """
        SELECT EXISTS (SELECT FROM activity_event WHERE type::text IN ('deposit_failed', 'withdraw_cancelled'))
            OR EXISTS (
                SELECT FROM superseded_event
                WHERE '{deposit_failed,withdraw_cancelled}'::text[] && ARRAY[type::text, new_type::text]
            )
        """,
    "the live edition has kinds, types, periods or windows that the release before cannot read, and it would answer no "
    "event: publish an older edition first": """
        SELECT EXISTS (
            SELECT FROM rule_book WHERE status = 'live' AND rules @? '$[*] ? (
                @.kind == "window_count" || @.kind == "net_total" || exists (@.period) || @.seconds > 2678400
                || @.type like_regex "_" || @.evaluated_on[*] like_regex "_"
            )'
        )
        """,
}


def upgrade() -> None:
    for name in NEW_TYPES:
        op.execute(f"ALTER TYPE activity_type ADD VALUE IF NOT EXISTS '{name}'")
    op.add_column("rule_book", sa.Column("time_zones", sa.Text(), nullable=True))
    refuse_updates_of(*CONTENT, "time_zones")


def refuse_updates_of(*columns: str) -> None:
    """Refuse changes of these columns, which hold an edition's content (migration 0006)."""
    op.execute("DROP TRIGGER as_drafted ON rule_book")
    op.execute(
        f"CREATE TRIGGER as_drafted BEFORE UPDATE OF {', '.join(columns)} ON rule_book"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('an edition never changes; draft another')"
    )


def downgrade() -> None:
    # The names stay in the type, where they do no harm.
    op.execute(ARE_STORED)
    refuse_updates_of(*CONTENT)
    op.drop_column("rule_book", "time_zones")
