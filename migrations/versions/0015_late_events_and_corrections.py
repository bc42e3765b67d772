"""Late events, corrections of events, and what both change about the codes of later events.

Revision 0015, after 0014. No table is rewritten: new columns are nullable or have a constant default. A stored event is
changed or removed only by a function of the tables' owner, which keeps what stood before and who changed it. The
previous release can run alongside this one, but does not know what was corrected: keep late events and correct events
once all processes run this release.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import at_once, build, online

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {
    "corrections": "SELECT count(*) FROM superseded_event",
    "codes_found_late_or_retracted": "SELECT count(*) FROM revision",
    "marks_of_late_events": "SELECT count(*) FROM activity_event WHERE taken_after IS NOT NULL",
}

ACTIVITY = postgresql.ENUM(name="activity_type", create_type=False)
CODES = postgresql.ARRAY(sa.Integer())
LATE = ("activity_event", "ix_activity_event_user_id_seq_late", "user_id seq")
AMOUNT_CHECK = "ck_activity_event_amount_positive"
CLOCK_CHECK = "ck_user_clock_last_t_not_negative"

# Of a clock that a correction leaves without an event, the moment is -1: any event may be the next.
CORRECT_EVENT = """
    CREATE FUNCTION correct_event(
        player bigint, at_t bigint, at_n integer, other_type activity_type, other_amount numeric,
        why text, who text, shell text
    ) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE
        clock user_clock;
        old activity_event;
        last_place record;
        reverses boolean := other_type IS NULL AND other_amount IS NULL;
    BEGIN
        IF NOT coalesce(other_amount > 0 AND other_amount < 1e12 AND other_amount = round(other_amount, 2), true) THEN
            RAISE EXCEPTION 'an amount is above zero, below a million millions, and has two places at most';
        END IF;
        SELECT * INTO STRICT clock FROM user_clock WHERE user_id = player AND player > 0 FOR UPDATE;
        SELECT * INTO STRICT old FROM activity_event WHERE user_id = player AND t = at_t AND n = at_n;
        IF reverses THEN
            DELETE FROM activity_event WHERE user_id = player AND t = at_t AND n = at_n;
            IF old.t = clock.last_t THEN
                clock.last_t := coalesce((SELECT max(t) FROM activity_event WHERE user_id = player), -1);
            END IF;
        ELSE
            UPDATE activity_event SET type = coalesce(other_type, type), amount = coalesce(other_amount, amount)
            WHERE user_id = player AND t = at_t AND n = at_n;
        END IF;
        UPDATE user_clock SET events = events + 1, corrections = corrections + 1, last_t = clock.last_t
        WHERE user_id = player;
        UPDATE user_total SET
            deposits = deposits - (old.type = 'deposit')::integer
                + (NOT reverses AND coalesce(other_type, old.type) = 'deposit')::integer,
            deposited = deposited - CASE old.type WHEN 'deposit' THEN old.amount ELSE 0 END
                + CASE WHEN NOT reverses AND coalesce(other_type, old.type) = 'deposit'
                       THEN coalesce(other_amount, old.amount) ELSE 0 END,
            withdraws = withdraws - (old.type = 'withdraw')::integer
                + (NOT reverses AND coalesce(other_type, old.type) = 'withdraw')::integer,
            withdrawn = withdrawn - CASE old.type WHEN 'withdraw' THEN old.amount ELSE 0 END
                + CASE WHEN NOT reverses AND coalesce(other_type, old.type) = 'withdraw'
                       THEN coalesce(other_amount, old.amount) ELSE 0 END
        WHERE user_id = player AND (counted_t, counted_n) >= (at_t, at_n);
        IF reverses THEN -- the next event may come before the last one that was counted
            SELECT t, n INTO last_place FROM activity_event WHERE user_id = player ORDER BY t DESC, n DESC LIMIT 1;
            UPDATE user_total SET counted_t = coalesce(last_place.t, -1), counted_n = coalesce(last_place.n, 0)
            WHERE user_id = player
                AND (counted_t, counted_n) > (coalesce(last_place.t, -1), coalesce(last_place.n, 0));
        END IF;
        INSERT INTO superseded_event (
            user_id, seq, t, n, no, type, amount, alert_codes, edition, received_at, key_id, event_seq, event_id,
            taken_after, new_type, new_amount, clock_t, corrected_by, at_shell, reason
        ) VALUES (
            player, clock.events + 1, at_t, at_n,
            (SELECT count(*) + 1 FROM superseded_event WHERE user_id = player AND t = at_t AND n = at_n),
            old.type, old.amount, old.alert_codes, old.edition, old.received_at, old.key_id, old.seq, old.event_id,
            old.taken_after,
            CASE WHEN NOT reverses THEN coalesce(other_type, old.type) END,
            CASE WHEN NOT reverses THEN coalesce(other_amount, old.amount) END,
            clock.last_t, who, shell, why
        );
        RETURN clock.events + 1;
    END $$
"""
# Or a temporary table of the same name would be read in place of ours, by a login that may make one.
PIN_TABLES = """
    DO $$ BEGIN
        EXECUTE format('ALTER FUNCTION correct_event SET search_path = pg_catalog, %I, pg_temp', current_schema());
    END $$
"""

FOUND_LATE = """
    NOT shadow AND other.found ? code::text AND NOT EXISTS (
        SELECT FROM activity_event AS event
        WHERE event.user_id = alert.user_id AND event.t = alert.t AND event.n = alert.n AND code = ANY (alert_codes)
    )
"""


def upgrade() -> None:
    with online():
        # The clock first: every event locks the tables in this order.
        at_once(
            "ALTER TABLE user_clock ADD COLUMN IF NOT EXISTS late_events integer NOT NULL DEFAULT 0,"
            " ADD COLUMN IF NOT EXISTS corrections integer NOT NULL DEFAULT 0"
        )
        at_once(
            f"ALTER TABLE user_clock DROP CONSTRAINT IF EXISTS {CLOCK_CHECK},"
            f" ADD CONSTRAINT {CLOCK_CHECK} CHECK (last_t >= -1) NOT VALID"
        )
        op.execute(f"ALTER TABLE user_clock VALIDATE CONSTRAINT {CLOCK_CHECK}")
        # Nothing is greater than NaN, which no amount may be.
        at_once(
            f"ALTER TABLE activity_event ADD COLUMN IF NOT EXISTS taken_after bigint,"
            f" DROP CONSTRAINT IF EXISTS {AMOUNT_CHECK},"
            f" ADD CONSTRAINT {AMOUNT_CHECK} CHECK (amount > 0 AND amount <> 'NaN') NOT VALID"
        )
        op.execute(f"ALTER TABLE activity_event VALIDATE CONSTRAINT {AMOUNT_CHECK}")
        build(*LATE, postgresql_where=sa.text("taken_after IS NOT NULL"))
    op.create_table(
        "superseded_event",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("t", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("type", ACTIVITY, nullable=False),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False),
        sa.Column("alert_codes", CODES, nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=True),
        sa.Column("event_seq", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("taken_after", sa.BigInteger(), nullable=True),
        sa.Column("new_type", ACTIVITY, nullable=True),
        sa.Column("new_amount", sa.Numeric(14, 2), nullable=True),
        sa.Column("clock_t", sa.BigInteger(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("corrected_by", sa.Text(), nullable=False),
        sa.Column("at_shell", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("(new_type IS NULL) = (new_amount IS NULL)", name=op.f("ck_superseded_event_new_or_none")),
        sa.CheckConstraint("amount <> 'NaN' AND new_amount <> 'NaN'", name=op.f("ck_superseded_event_amounts")),
        sa.CheckConstraint("char_length(reason) BETWEEN 1 AND 500", name=op.f("ck_superseded_event_reason_length")),
        sa.PrimaryKeyConstraint("user_id", "seq", name=op.f("pk_superseded_event")),
        sa.UniqueConstraint("user_id", "t", "n", "no", name=op.f("uq_superseded_event_user_id_t_n_no")),
    )
    op.create_index(
        "ix_superseded_event_user_id_event_id",
        "superseded_event",
        ["user_id", "event_id"],
        postgresql_where=sa.text("event_id IS NOT NULL"),
    )
    op.create_table(
        "revision",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("t", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("codes_before", CODES, nullable=False),
        sa.Column("codes_after", CODES, nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("found", postgresql.JSONB(), nullable=False),
        sa.Column("cause", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "t", "n", "no", name=op.f("pk_revision")),
    )
    op.create_index("ix_revision_user_id_cause", "revision", ["user_id", "cause"])
    for table, what in (("superseded_event", "corrections"), ("revision", "revisions")):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('{what} are only added to')"
        )
    op.execute(CORRECT_EVENT)
    op.execute(PIN_TABLES)


def downgrade() -> None:
    op.execute("DROP FUNCTION correct_event")
    # The release before takes every alert for one that was answered, and expects its event to be stored.
    for table, condition in (("revision", FOUND_LATE), ("superseded_event", "new_type IS NULL")):
        op.execute(
            f"DELETE FROM alert USING {table} AS other WHERE alert.user_id = other.user_id AND alert.t = other.t"  # noqa: S608  # all ours
            f" AND alert.n = other.n AND {condition}"
        )
    op.drop_table("revision")
    op.drop_table("superseded_event")
    op.drop_constraint(op.f(CLOCK_CHECK), "user_clock", type_="check")
    op.execute("UPDATE user_clock SET last_t = 0 WHERE last_t < 0")
    op.create_check_constraint(op.f(CLOCK_CHECK), "user_clock", "last_t >= 0")
    for name in ("late_events", "corrections"):
        op.drop_column("user_clock", name)
    op.drop_index(LATE[1], LATE[0])
    op.drop_constraint(op.f(AMOUNT_CHECK), "activity_event", type_="check")
    op.create_check_constraint(op.f(AMOUNT_CHECK), "activity_event", "amount > 0")
    op.drop_column("activity_event", "taken_after")
