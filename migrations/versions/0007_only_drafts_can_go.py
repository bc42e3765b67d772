"""Drafts may be deleted from the rule book, but no edition that was ever in force; no publication is undone.

Revision 0007, after 0006. The former trigger refused every deletion. From this release on the service has a separate
login that owns nothing (lib.privileges), and triggers decide which rows of a table with DELETE it may delete.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {}

REFERENCE = "fk_rule_book_audit_edition_rule_book"
KEPT = "an edition is never removed; retire it"


def upgrade() -> None:
    op.drop_constraint(
        REFERENCE, "rule_book_audit"
    )  # otherwise a draft could never be deleted: its drafting step refers to it
    op.execute("DROP TRIGGER kept ON rule_book")
    op.execute(
        "CREATE TRIGGER kept BEFORE DELETE ON rule_book FOR EACH ROW"
        " WHEN (OLD.status <> 'draft' OR OLD.published_at IS NOT NULL)"
        f" EXECUTE FUNCTION refuse_this('{KEPT}')"
    )
    op.execute(
        "CREATE TRIGGER all_kept BEFORE TRUNCATE ON rule_book FOR EACH STATEMENT"
        f" EXECUTE FUNCTION refuse_this('{KEPT}')"
    )
    op.execute(
        "CREATE TRIGGER published_for_good BEFORE UPDATE OF published_at ON rule_book FOR EACH ROW"
        " WHEN (OLD.published_at IS NOT NULL AND NEW.published_at IS NULL)"
        " EXECUTE FUNCTION refuse_this('a publication is never taken back; publish another edition')"
    )


def downgrade() -> None:
    for trigger in ("published_for_good", "all_kept", "kept"):
        op.execute(f"DROP TRIGGER {trigger} ON rule_book")
    op.execute(
        "CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON rule_book FOR EACH STATEMENT"
        f" EXECUTE FUNCTION refuse_this('{KEPT}')"
    )
    # Not validated, because steps of deleted drafts stay in the audit.
    op.create_foreign_key(
        op.f(REFERENCE), "rule_book_audit", "rule_book", ["edition"], ["edition"], postgresql_not_valid=True
    )
