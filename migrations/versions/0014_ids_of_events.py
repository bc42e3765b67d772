"""The platform's own ids of events, and several events of a player in one second.

Revision 0014, after 0013. No table is rewritten: new columns are nullable or have a constant default, so stored events
have the place 0 in their second, as have those that the previous release stores meanwhile. Keys and indexes are built
concurrently, while queries use the old ones (migrations.online). If it fails, the next attempt begins by dropping what
was left.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.online import at_once, build, drop, exchange_key, online

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses: dict[str, str] = {
    "event_ids": "SELECT count(event_id) FROM activity_event",
    "events_in_a_shared_second": "SELECT count(*) FROM activity_event WHERE n > 0",
    "alerts_of_these": "SELECT count(*) FROM alert WHERE n > 0",
}

COLUMNS = {
    "activity_event": ("n integer NOT NULL DEFAULT 0", "event_id text"),
    "alert": ("n integer NOT NULL DEFAULT 0",),
    "user_total": ("counted_n integer NOT NULL DEFAULT 0",),
}
KEYS = {"activity_event": ["user_id", "t"], "alert": ["user_id", "shadow", "edition", "code", "t"]}
# Each index without `n` and with it: its table, name, columns and further options.
Index = tuple[str, str, str, dict[str, Any]]
RAISED = {"postgresql_where": sa.text("alert_codes <> '{}'")}
WITHOUT_N: tuple[Index, ...] = (
    ("activity_event", "ix_activity_event_user_id_type_t", "user_id type t", {"postgresql_include": ["amount"]}),
    ("activity_event", "ix_activity_event_user_id_alert_codes_t", "user_id alert_codes t", RAISED),
    ("alert", "ix_alert_shadow_t_user_id_code", "shadow t user_id code", {"postgresql_where": sa.text("code > 0")}),
    (
        "alert",
        "ix_alert_shadow_edition_code_t_user_id",
        "shadow edition code t user_id",
        {"postgresql_where": sa.text("edition > 0")},
    ),
)
WITH_N: tuple[Index, ...] = (
    ("activity_event", "ix_activity_event_user_id_type_t_n", "user_id type t n", {"postgresql_include": ["amount"]}),
    ("activity_event", "ix_activity_event_user_id_alert_codes_t_n", "user_id alert_codes t n", RAISED),
    ("alert", "ix_alert_shadow_t_user_id_n_code", "shadow t user_id n code", {"postgresql_where": sa.text("code > 0")}),
    (
        "alert",
        "ix_alert_shadow_edition_code_t_user_id_n",
        "shadow edition code t user_id n",
        {"postgresql_where": sa.text("edition > 0")},
    ),
)
IDS = ("activity_event", "uq_activity_event_user_id_event_id", "user_id event_id")
WITH_ID: dict[str, Any] = {"unique": True, "postgresql_where": sa.text("event_id IS NOT NULL")}


def upgrade() -> None:
    with online():
        for table, columns in COLUMNS.items():
            at_once(f"ALTER TABLE {table} " + ", ".join(f"ADD COLUMN IF NOT EXISTS {each}" for each in columns))
        build(*IDS, **WITH_ID)
        for table, key in KEYS.items():
            exchange_key(table, [*key, "n"])
        for index in WITH_N:
            build(*index[:3], **index[3])
        drop_all(WITHOUT_N)


def downgrade() -> None:
    with online():
        for table in ("alert", "activity_event"):
            op.execute(f"DELETE FROM {table} WHERE n > 0")  # noqa: S608  # ours
        op.execute("DELETE FROM user_total")  # added up again when it is read
        for table, key in KEYS.items():
            exchange_key(table, key)
        for index in WITHOUT_N:
            build(*index[:3], **index[3])
        drop_all((*WITH_N, (*IDS, WITH_ID)))
        for table, columns in COLUMNS.items():
            at_once(f"ALTER TABLE {table} " + ", ".join(f"DROP COLUMN IF EXISTS {each.split()[0]}" for each in columns))


def drop_all(indexes: Sequence[Index]) -> None:
    for table, name, *_ in indexes:
        drop(table, name)
