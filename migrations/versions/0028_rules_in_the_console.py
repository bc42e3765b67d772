"""The rule book for people who sign in: four eyes between their accounts, forms that count once, and backtests as jobs.

Revision 0028, after 0027. A new table, a column without a default, an index on a small table, and another body of the
function that refuses self-approval. The previous release may serve meanwhile: what it publishes with keys passes as
before.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses = {"backtests_asked_for_in_the_console": "SELECT count(*) FROM backtest_job"}

SELF_APPROVED = (
    "four eyes are on: an edition is published with a key whose owner is not the owner of its author''s key, or by "
    "somebody signed in with another account than its author''s"
)
FORMER_SELF_APPROVED = (
    "four eyes are on: an edition is published with a key whose owner is not the owner of its author''s key"
)
UNAUDITED = "four eyes are on: an edition is published together with its step in the audit"


def is_key_of(key: str, who: str) -> str:
    """Return the condition that a recorded name is the name of this key."""
    return f"'key:' || {key}.prefix = split_part({who}, ' ', 1)"


def is_account_of(account: str, who: str) -> str:
    """Return the condition that a recorded name is the name of the owner of this account."""
    return f"'staff:' || {account}.id = split_part({who}, ' ', 1)"


def was_valid(key: str, at: str) -> str:
    """Return the condition that requests could show this key: for a moment after its end, some process still may."""
    return f"coalesce(least({key}.revoked_at, {key}.expires_at), 'infinity') > {at} - interval '1 minute'"


def differ(one: str, other: str) -> str:
    """Return the condition that two keys have owners, and different ones, whatever the case and spaces of the names."""
    names = (f"lower(btrim(regexp_replace({key}.owner, '\\s+', ' ', 'g')))" for key in (one, other))
    return " <> ".join(names)


BY_KEYS = f"""
    EXISTS (
        SELECT FROM api_key AS publishing LEFT JOIN api_key AS writing ON {is_key_of("writing", "NEW.author")}
        WHERE {is_key_of("publishing", "NEW.published_by")} AND {was_valid("publishing", "now()")}
            AND publishing.owner IS NOT NULL AND (NEW.edition = 1 OR {differ("publishing", "writing")})
    )
"""
# The publisher has the role, is signed in, and gave a code within ten minutes, as the append-only audit says, too. A
# minute more is for the request that is under way. The author may have left since.
BY_PEOPLE = f"""
    EXISTS (
        SELECT FROM staff_account AS publishing
            LEFT JOIN staff_account AS writing ON {is_account_of("writing", "NEW.author")}
        WHERE {is_account_of("publishing", "NEW.published_by")}
            AND publishing.state = 'active' AND 'publisher' = ANY (publishing.roles)
            AND (NEW.edition = 1 OR writing.id <> publishing.id)
            AND EXISTS (
                SELECT FROM staff_session WHERE account_id = publishing.id
                    AND ends_at > now() AND confirmed_at > now() - interval '11 minutes'
            )
            AND EXISTS (
                SELECT FROM staff_audit WHERE account_id = publishing.id
                    AND step IN ('signed-in', 'confirmed') AND at > now() - interval '11 minutes'
            )
    )
"""  # noqa: S608  # all ours


def refuse_self_approval(allowed: str, refusal: str) -> str:
    """Return the function that refuses a publication unless it is allowed, and has its step in the audit."""
    return f"""
        CREATE OR REPLACE FUNCTION refuse_self_approval() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF 'on' IS DISTINCT FROM (
                SELECT step FROM rule_policy_change WHERE step <> 'propose-off' ORDER BY id DESC LIMIT 1
            ) THEN
                RETURN NULL;
            END IF;
            IF NOT ({allowed}) THEN
                RAISE EXCEPTION '{refusal}';
            END IF;
            IF NOT EXISTS (
                SELECT FROM rule_book_audit
                WHERE edition = NEW.edition AND step = 'publish' AND who = NEW.published_by AND at = now()
                    AND four_eyes IS NOT FALSE
            ) THEN
                RAISE EXCEPTION '{UNAUDITED}';
            END IF;
            RETURN NULL;
        END $$
    """  # noqa: S608  # as above


# Or a temporary table of the same name would be read in place of ours; replacing a function takes this from it.
PIN_TABLES = """
    DO $$ BEGIN
        EXECUTE format(
            'ALTER FUNCTION refuse_self_approval() SET search_path = pg_catalog, %I, pg_temp', current_schema()
        );
    END $$
"""
STATES = "'waiting', 'running', 'done', 'failed', 'cancelled'"


def upgrade() -> None:
    op.add_column("rule_book_audit", sa.Column("form", sa.Text(), nullable=True))
    has_form = sa.text("form IS NOT NULL")
    op.create_index("uq_rule_book_audit_form", "rule_book_audit", ["form"], unique=True, postgresql_where=has_form)
    make_jobs()
    op.execute(refuse_self_approval(f"{BY_KEYS} OR {BY_PEOPLE}", SELF_APPROVED))
    op.execute(PIN_TABLES)


def make_jobs() -> None:
    op.create_table(
        "backtest_job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("against", sa.Integer(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        moment("asked_at", "now()"),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("worker", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        *(moment(name, nullable=True) for name in ("started_at", "beat_at", "ended_at")),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in ("events", "judged")),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in ("cause", "summary")),
        sa.Column("report", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_backtest_job_state_known")),
        sa.CheckConstraint("(state = 'done') = (report IS NOT NULL)", name=op.f("ck_backtest_job_report_when_done")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_job")),
    )
    running, has_form = sa.text("state = 'running'"), sa.text("form IS NOT NULL")
    op.create_index("uq_backtest_job_running", "backtest_job", ["state"], unique=True, postgresql_where=running)
    op.create_index("uq_backtest_job_form", "backtest_job", ["form"], unique=True, postgresql_where=has_form)
    op.create_index("ix_backtest_job_edition_id", "backtest_job", ["edition", "id"])


def moment(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column[object]:
    server_default = sa.text(default) if default else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=server_default, nullable=nullable)


def downgrade() -> None:
    op.execute(refuse_self_approval(BY_KEYS, FORMER_SELF_APPROVED))
    op.execute(PIN_TABLES)
    op.drop_table("backtest_job")
    op.drop_index("uq_rule_book_audit_form", "rule_book_audit")
    op.drop_column("rule_book_audit", "form")
