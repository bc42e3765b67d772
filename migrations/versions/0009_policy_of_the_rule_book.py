"""Four eyes as the database's own rule, owners of keys, where a step was taken, and drafts that can be deleted.

Revision 0009. It only adds, but for one constraint: the audit keeps the steps of a draft that was deleted. The release
before goes on beside this one; only its list of the audit fails once it holds a step that it does not know.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None

NEW_STEPS = ("shed", "delete")
FORMER_STEPS = ("draft", "shadow", "displace", "publish", "retire")
KEPT = "an edition is never removed; retire it"
APPEND_ONLY = "the changes of the policy are only added to"
ALONE = "four eyes are turned off by two different owners: one proposes it, another one approves within a day"
# A draft that never judged: no event and no alert names it.
REFUSE_REMOVAL = f"""
    CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF OLD.status <> 'draft' OR OLD.published_at IS NOT NULL OR EXISTS (
            SELECT FROM rule_book_audit WHERE edition = OLD.edition AND step = 'shadow'
        ) THEN
            RAISE EXCEPTION '{KEPT}';
        END IF;
        RETURN OLD;
    END $$
"""  # all ours
REFUSE_ALONE = f"""
    CREATE FUNCTION refuse_alone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.owner IS NULL OR NOT EXISTS (
            SELECT FROM rule_policy_change AS proposed
            WHERE step = 'propose-off' AND lower(owner) <> lower(NEW.owner) AND at > now() - interval '1 day'
                AND id > ALL (SELECT id FROM rule_policy_change WHERE step <> 'propose-off')
        ) THEN
            RAISE EXCEPTION '{ALONE}';
        END IF;
        RETURN NEW;
    END $$
"""  # noqa: S608  # as above


def upgrade() -> None:
    own_keys()
    for step in NEW_STEPS:
        op.execute(f"ALTER TYPE edition_step ADD VALUE IF NOT EXISTS '{step}'")
    op.drop_constraint("fk_rule_book_audit_edition_rule_book", "rule_book_audit", type_="foreignkey")
    for column in (sa.Column("at_shell", sa.Text()), sa.Column("four_eyes", sa.Boolean())):
        op.add_column("rule_book_audit", column)
    op.execute("DROP TRIGGER kept ON rule_book")
    op.execute(REFUSE_REMOVAL)
    op.execute("CREATE TRIGGER kept BEFORE DELETE ON rule_book FOR EACH ROW EXECUTE FUNCTION refuse_removal()")
    refuse("TRUNCATE", "rule_book", "kept_whole", KEPT)
    make_policy()


def own_keys() -> None:
    op.add_column("api_key", sa.Column("owner", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_api_key_owner_length"), "api_key", "char_length(owner) BETWEEN 1 AND 100")


def make_policy() -> None:
    op.create_table(
        "rule_policy_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("at_shell", sa.Text(), nullable=True),
        sa.CheckConstraint("step IN ('on', 'propose-off', 'off')", name=op.f("ck_rule_policy_change_step_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_policy_change")),
    )
    refuse("UPDATE OR DELETE OR TRUNCATE", "rule_policy_change", "append_only", APPEND_ONLY)
    op.execute(REFUSE_ALONE)
    op.execute(
        "CREATE TRIGGER by_two BEFORE INSERT ON rule_policy_change FOR EACH ROW WHEN (NEW.step = 'off')"
        " EXECUTE FUNCTION refuse_alone()"
    )


def refuse(change: str, table: str, name: str, told: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {change} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('{told}')"
    )


def downgrade() -> None:
    op.drop_table("rule_policy_change")
    op.execute("DROP FUNCTION refuse_alone")
    for trigger in ("kept", "kept_whole"):
        op.execute(f"DROP TRIGGER {trigger} ON rule_book")
    op.execute("DROP FUNCTION refuse_removal")
    refuse("DELETE OR TRUNCATE", "rule_book", "kept", KEPT)
    for column in ("four_eyes", "at_shell"):
        op.drop_column("rule_book_audit", column)
    # Not of the steps so far: those of a draft that was deleted stay, and name an edition that there is no more.
    op.execute(
        "ALTER TABLE rule_book_audit ADD CONSTRAINT fk_rule_book_audit_edition_rule_book"
        " FOREIGN KEY (edition) REFERENCES rule_book (edition) NOT VALID"
    )
    forget_new_steps()
    op.drop_column("api_key", "owner")


def forget_new_steps() -> None:
    """Write the new steps as those that came nearest to them before: a draft put away, a shadow made to leave."""
    op.execute("ALTER TYPE edition_step RENAME TO edition_step_of_0009")
    op.execute(f"CREATE TYPE edition_step AS ENUM {FORMER_STEPS}")
    op.execute(
        "ALTER TABLE rule_book_audit ALTER COLUMN step TYPE edition_step USING"
        " (CASE step::text WHEN 'delete' THEN 'retire' WHEN 'shed' THEN 'displace' ELSE step::text END)::edition_step"
    )
    op.execute("DROP TYPE edition_step_of_0009")
