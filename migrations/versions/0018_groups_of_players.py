"""Groups of players, changes of the register with who made them, and the version of the groups that an event saw.

Revision 0018, after 0017. No table is rewritten: new columns are nullable or have a constant default. A registered
player is changed only by a function of the tables' owner, which keeps what stood before and who changed it. The
previous release can run alongside this one, but reads no rule for groups: draft the first one when all processes run
this release.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import at_once, online

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {
    "players_with_groups": "SELECT count(*) FROM registered_user WHERE groups <> '{}'",
    "changes_of_players": "SELECT count(*) FROM player_change",
    "events_that_saw_groups": "SELECT count(groups_version) FROM activity_event",
}

# What forbids a downgrade, with the query that finds it: the release before cannot read such an edition.
forbidden_while: dict[str, str] = {
    "the live edition has rules for groups, which the release before cannot read, and it would answer no event: "
    "publish an edition without them first": """
        SELECT EXISTS (
            SELECT FROM rule_book WHERE status = 'live'
            AND rules @? '$[*] ? (exists (@.groups) || exists (@.except_groups))'
        )
        """,
}

LABEL = "[a-z0-9][a-z0-9._-]{0,31}"
GROUPS = postgresql.ARRAY(sa.Text())

# The row of the player is locked, so versions have no gaps. The time is that of the change, not of its transaction,
# which may have waited for the lock: versions and times rise together.
CHANGE_PLAYER = """
    CREATE FUNCTION change_player(
        player bigint, other_name text, other_email text, other_groups text[], who text, shell text
    ) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE
        old registered_user;
        changed registered_user;
    BEGIN
        SELECT * INTO STRICT old FROM registered_user WHERE user_id = player FOR UPDATE;
        changed := old;
        changed.name := coalesce(other_name, old.name);
        changed.email := coalesce(other_email, old.email);
        changed.groups := ARRAY(
            SELECT DISTINCT label COLLATE "C" FROM unnest(coalesce(other_groups, old.groups)) AS label ORDER BY 1
        );
        IF changed IS NOT DISTINCT FROM old THEN
            RETURN old.version;
        END IF;
        changed.version := old.version + 1;
        UPDATE registered_user
        SET name = changed.name, email = changed.email, groups = changed.groups, version = changed.version
        WHERE user_id = player;
        INSERT INTO player_change (
            user_id, version, old_name, old_email, old_groups, new_name, new_email, new_groups, changed_by, at_shell
        ) VALUES (
            player, changed.version, old.name, old.email, old.groups, changed.name, changed.email, changed.groups,
            who, shell
        );
        RETURN changed.version;
    END $$
"""
PIN_TABLES = """
    DO $$ BEGIN
        EXECUTE format('ALTER FUNCTION change_player SET search_path = pg_catalog, %I, pg_temp', current_schema());
    END $$
"""
# A reversed event keeps the version as well. The rest of the function is that of whichever revision wrote it last.
AMEND_CORRECT_EVENT = """
    DO $do$
    DECLARE
        former text := pg_get_functiondef('correct_event'::regproc);
        amended text := replace(replace(former, '{columns}', '{new_columns}'), '{values}', '{new_values}');
    BEGIN
        IF length(amended) - length(former) <> {longer} THEN
            RAISE EXCEPTION 'correct_event is not as this revision expects it';
        END IF;
        EXECUTE amended;
    END $do$
"""
WITHOUT_VERSION = ("taken_after, new_type", "old.taken_after,")
WITH_VERSION = ("taken_after, groups_version, new_type", "old.taken_after, old.groups_version,")


def upgrade() -> None:
    with online():
        at_once(
            "ALTER TABLE registered_user ADD COLUMN IF NOT EXISTS groups text[] NOT NULL DEFAULT '{}',"
            " ADD COLUMN IF NOT EXISTS version integer NOT NULL DEFAULT 0"
        )
        for table in ("activity_event", "superseded_event"):
            at_once(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS groups_version integer")
    op.create_table(
        "player_change",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        *(
            sa.Column(f"{age}_{name}", kind, nullable=False)
            for age in ("old", "new")
            for name, kind in (("name", sa.Text()), ("email", sa.Text()), ("groups", GROUPS))
        ),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("at_shell", sa.Text(), nullable=True),
        sa.CheckConstraint(
            f"cardinality(new_groups) <= 16 AND array_to_string(new_groups, ' ', '!') ~ '^({LABEL}( {LABEL})*)?$'",
            name=op.f("ck_player_change_groups"),
        ),
        sa.PrimaryKeyConstraint("user_id", "version", name=op.f("pk_player_change")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON player_change"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('changes of players are only added to')"
    )
    op.execute(CHANGE_PLAYER)
    op.execute(PIN_TABLES)
    amend_correct_event(WITHOUT_VERSION, WITH_VERSION)


def downgrade() -> None:
    amend_correct_event(WITH_VERSION, WITHOUT_VERSION)
    op.execute("DROP FUNCTION change_player")
    op.drop_table("player_change")
    for table in ("superseded_event", "activity_event"):
        op.drop_column(table, "groups_version")
    for name in ("version", "groups"):
        op.drop_column("registered_user", name)


def amend_correct_event(before: tuple[str, str], after: tuple[str, str]) -> None:
    """Let the function write other columns and values."""
    longer = sum(map(len, after)) - sum(map(len, before))
    words = {"columns": before[0], "values": before[1], "new_columns": after[0], "new_values": after[1]}
    op.execute(AMEND_CORRECT_EVENT.format(**words, longer=longer))
