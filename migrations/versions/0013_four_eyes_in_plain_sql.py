"""Four eyes hold in plain SQL too: a publication, and the end of the policy, need the keys of two owners.

Revision 0013, after 0012. It adds triggers and replaces the function of one; no table changes. The previous release
can run alongside this one: its statements pass wherever its own checks did. 0.1, which does not know the policy,
fails to publish while four eyes are on, unless the keys have two owners.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {}

ALONE = "four eyes are turned off by two different owners: one proposes it, another one approves within a day"
SELF_APPROVED = "four eyes are on: an edition is published with a key whose owner is not the owner of its author''s key"
UNAUDITED = "four eyes are on: an edition is published together with its step in the audit"
OWNED = "the owner of a key is named once; create another key"


def is_key_of(key: str, who: str) -> str:
    """Return the condition that a recorded name is the name of this key."""
    return f"'key:' || {key}.prefix = split_part({who}, ' ', 1)"


def was_valid(key: str, at: str) -> str:
    """Return the condition that requests could show this key: for a moment after its end, some process still may."""
    return f"coalesce(least({key}.revoked_at, {key}.expires_at), 'infinity') > {at} - interval '1 minute'"


def differ(one: str, other: str) -> str:
    """Return the condition that two keys have owners, and different ones, whatever the case and spaces of the names."""
    names = (f"lower(btrim(regexp_replace({key}.owner, '\\s+', ' ', 'g')))" for key in (one, other))
    return " <> ".join(names)


# Edition 1 is the only one that a migration wrote, so anybody may publish it; its author's name could be forged.
REFUSE_SELF_APPROVAL = f"""
    CREATE FUNCTION refuse_self_approval() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF 'on' IS DISTINCT FROM (
            SELECT step FROM rule_policy_change WHERE step <> 'propose-off' ORDER BY id DESC LIMIT 1
        ) THEN
            RETURN NULL;
        END IF;
        IF NOT EXISTS (
            SELECT FROM api_key AS publishing LEFT JOIN api_key AS writing ON {is_key_of("writing", "NEW.author")}
            WHERE {is_key_of("publishing", "NEW.published_by")} AND {was_valid("publishing", "now()")}
                AND publishing.owner IS NOT NULL AND (NEW.edition = 1 OR {differ("publishing", "writing")})
        ) THEN
            RAISE EXCEPTION '{SELF_APPROVED}';
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
"""  # noqa: S608  # all ours
REFUSE_ALONE = f"""
    CREATE OR REPLACE FUNCTION refuse_alone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NOT EXISTS (
            SELECT FROM rule_policy_change AS proposed
                JOIN api_key AS proposing ON {is_key_of("proposing", "proposed.who")}
                JOIN api_key AS approving ON {is_key_of("approving", "NEW.who")}
            WHERE step = 'propose-off' AND at > now() - interval '1 day'
                AND proposed.id > ALL (SELECT id FROM rule_policy_change WHERE step <> 'propose-off')
                AND proposing.owner = proposed.owner AND {was_valid("proposing", "proposed.at")}
                AND approving.owner = NEW.owner AND {was_valid("approving", "now()")}
                AND {differ("proposing", "approving")}
        ) THEN
            RAISE EXCEPTION '{ALONE}';
        END IF;
        RETURN NEW;
    END $$
"""  # noqa: S608  # as above
FORMER_REFUSE_ALONE = f"""
    CREATE OR REPLACE FUNCTION refuse_alone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
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

# Or a temporary table of the same name would be read in place of ours, by a login that may make one.
PIN_TABLES = """
    DO $$ BEGIN
        EXECUTE format('ALTER FUNCTION {function}() SET search_path = pg_catalog, %I, pg_temp', current_schema());
    END $$
"""


def upgrade() -> None:
    op.execute(
        "CREATE TRIGGER owned_for_good BEFORE UPDATE OF owner ON api_key FOR EACH ROW"
        " WHEN (OLD.owner IS NOT NULL AND NEW.owner IS DISTINCT FROM OLD.owner)"
        f" EXECUTE FUNCTION refuse_this('{OWNED}')"
    )
    op.execute(REFUSE_ALONE)
    op.execute(REFUSE_SELF_APPROVAL)
    for function in ("refuse_alone", "refuse_self_approval"):
        op.execute(PIN_TABLES.format(function=function))
    # At the end of the transaction, since the service adds the step to the audit after the publication.
    op.execute(
        "CREATE CONSTRAINT TRIGGER ck_rule_book_by_two AFTER INSERT OR UPDATE OF status, published_at, published_by"
        " ON rule_book DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status = 'live')"
        " EXECUTE FUNCTION refuse_self_approval()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER ck_rule_book_by_two ON rule_book")
    op.execute("DROP FUNCTION refuse_self_approval")
    op.execute(FORMER_REFUSE_ALONE)
    op.execute("DROP TRIGGER owned_for_good ON api_key")
