"""Four eyes enforced by the database, owners of keys, where a step was taken; drafts that ran in the shadow are kept.

Revision 0009, after 0008. It only adds, except for one constraint, which now allows the step `own` in the audit of
keys. The previous release can run alongside this one; only its list of the audit fails once that holds a new step.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses = {
    "changes_of_four_eyes": "SELECT count(*) FROM rule_policy_change",
    "owners_of_keys": "SELECT count(owner) FROM api_key",
    "steps_with_their_shell": "SELECT count(at_shell) FROM rule_book_audit",
    "publications_with_their_policy": "SELECT count(four_eyes) FROM rule_book_audit",
}

NEW_STEPS = ("shed", "delete")
KEY_STEPS, FORMER_KEY_STEPS = "'create', 'rotate', 'revoke', 'own'", "'create', 'rotate', 'revoke'"
KEPT = "an edition is never removed; retire it"
APPEND_ONLY = "the changes of the policy are only added to"
ALONE = "four eyes are turned off by two different owners: one proposes it, another one approves within a day"
# In addition to 0007: alerts of the shadow refer to their edition, even after it became a draft again.
REFUSE_REMOVAL = f"""
    CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT FROM rule_book_audit WHERE edition = OLD.edition AND step = 'shadow') THEN
            RAISE EXCEPTION '{KEPT}';
        END IF;
        RETURN OLD;
    END $$
"""
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
"""  # noqa: S608  # all ours


def upgrade() -> None:
    own_keys()
    for step in NEW_STEPS:
        op.execute(f"ALTER TYPE edition_step ADD VALUE IF NOT EXISTS '{step}'")
    for column in (sa.Column("at_shell", sa.Text()), sa.Column("four_eyes", sa.Boolean())):
        op.add_column("rule_book_audit", column)
    op.execute(REFUSE_REMOVAL)
    op.execute(
        "CREATE TRIGGER kept_once_judged BEFORE DELETE ON rule_book FOR EACH ROW EXECUTE FUNCTION refuse_removal()"
    )
    make_policy()


def own_keys() -> None:
    op.add_column("api_key", sa.Column("owner", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_api_key_owner_length"), "api_key", "char_length(owner) BETWEEN 1 AND 100")
    let_steps_of_keys_be(KEY_STEPS)


def let_steps_of_keys_be(steps: str) -> None:
    name = op.f("ck_key_event_step_known")
    op.drop_constraint(name, "key_event", type_="check")
    op.create_check_constraint(name, "key_event", f"step IN ({steps})")


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
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_policy_change"
        f" FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('{APPEND_ONLY}')"
    )
    op.execute(REFUSE_ALONE)
    op.execute(
        "CREATE TRIGGER by_two BEFORE INSERT ON rule_policy_change FOR EACH ROW WHEN (NEW.step = 'off')"
        " EXECUTE FUNCTION refuse_alone()"
    )


def downgrade() -> None:
    op.drop_table("rule_policy_change")
    op.execute("DROP FUNCTION refuse_alone")
    op.execute("DROP TRIGGER kept_once_judged ON rule_book")
    op.execute("DROP FUNCTION refuse_removal")
    for column in ("four_eyes", "at_shell"):
        op.drop_column("rule_book_audit", column)
    forget_new_steps()
    disown_keys()


def forget_new_steps() -> None:
    """Replace the new steps by the nearest former ones: `retire` for a deletion, `displace` for a shed shadow.

    The type keeps its new values, although they are unused: if the type were replaced, sessions of the release that
    runs alongside this would fail at every step.
    """
    rewrite(
        "rule_book_audit",
        "UPDATE rule_book_audit"
        " SET step = (CASE step::text WHEN 'delete' THEN 'retire' ELSE 'displace' END)::edition_step"
        " WHERE step::text IN ('delete', 'shed')",
    )


def disown_keys() -> None:
    """Delete owners and the steps that named them, which the previous release cannot read."""
    rewrite("key_event", "DELETE FROM key_event WHERE step = 'own'")
    let_steps_of_keys_be(FORMER_KEY_STEPS)
    op.drop_column("api_key", "owner")


def rewrite(audit: str, statement: str) -> None:
    op.execute(f"ALTER TABLE {audit} DISABLE TRIGGER append_only")
    op.execute(statement)
    op.execute(f"ALTER TABLE {audit} ENABLE TRIGGER append_only")
