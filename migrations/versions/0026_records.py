"""Records: interactions with players, automated actions, evaluations.

Revision 0026, after 0025. New tables only. The previous release may serve meanwhile, but cannot read the journal of a
case in which this one has recorded something.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# What a downgrade deletes for good, each with the query that counts it.
loses = {
    "interactions": "SELECT count(*) FROM interaction",
    "actions": "SELECT count(*) FROM automated_action",
    "evaluations": "SELECT count(*) FROM evaluation",
}

BY = "\"by\" IN ('staff', 'system', 'platform')"
GIVEN = "(external_id IS NULL) = (given_digest IS NULL)"
RECORDED = "'interaction', 'action', 'evaluate'"  # steps in the journals of cases


def big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), nullable=False)


def identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def words(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def many(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Column[object]:
    return sa.Column(name, postgresql.ARRAY(kind()), nullable=False)


def document(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(), nullable=nullable)


def person() -> sa.Column[int]:
    return sa.Column("staff_id", sa.Integer(), nullable=True)


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def holds(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def index(table: str, *columns: str, where: str = "", unique: bool = False) -> None:
    name = f"{'uq' if unique else 'ix'}_{table}_{'_'.join(columns)}"
    op.create_index(name, table, [*columns], unique=unique, postgresql_where=sa.text(where) if where else None)


def only_added_to(table: str, what: str) -> None:
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION refuse_this('{what}')"
    )


def upgrade() -> None:
    make_interactions()
    make_actions()
    make_evaluations()
    op.create_table(
        "awaited",
        words("kind"),
        big("ref_id"),
        big("user_id"),
        big("case_id", nullable=True),
        moment("due_at"),
        key("awaited", "kind", "ref_id"),
    )
    index("awaited", "due_at", "ref_id")


def make_interactions() -> None:
    op.create_table(
        "interaction",
        identity(),
        big("user_id"),
        big("case_id", nullable=True),
        big("corrects_id", nullable=True),
        words("correction_reason"),
        words("external_id", nullable=True),
        words("given_digest", nullable=True),
        words("by"),
        words("who"),
        person(),
        moment("recorded_at"),
        moment("occurred_at"),
        words("channel"),
        words("directness"),
        small("attempt"),
        words("reached"),
        words("concern", nullable=True),
        words("prompt"),
        many("prompt_alerts", sa.BigInteger),
        many("sources", sa.Text),
        words("template"),
        words("template_version"),
        words("said"),
        words("response", nullable=True),
        words("understood", nullable=True),
        words("vulnerability"),
        *(many(name, sa.Text) for name in ("offered", "accepted", "actions")),
        *(
            moment(name, nullable=True)
            for name in ("marketing_stopped_at", "bonus_stopped_at", "action_from", "action_until")
        ),
        sa.Column("told_of_contest", sa.Boolean(), nullable=True),
        words("next_step"),
        moment("follow_up_due_at", nullable=True),
        words("not_contacted_reason"),
        document("behaviour"),
        words("digest"),
        holds("interaction", "by_known", BY),
        holds("interaction", "digest_of_given", GIVEN),
        key("interaction", "id"),
        refers("interaction", "case_id", "care_case"),
        refers("interaction", "corrects_id", "interaction"),
        refers("interaction", "staff_id", "staff_account"),
    )
    index("interaction", "user_id", "id")
    index("interaction", "case_id", "id", where="case_id IS NOT NULL")
    index("interaction", "corrects_id", where="corrects_id IS NOT NULL", unique=True)
    index("interaction", "external_id", where="external_id IS NOT NULL", unique=True)
    only_added_to("interaction", "interactions are only added to; a correction is a new one")


def make_actions() -> None:
    op.create_table(
        "automated_action",
        identity(),
        big("user_id"),
        big("case_id", nullable=True),
        words("external_id", nullable=True),
        words("given_digest", nullable=True),
        words("by"),
        words("who"),
        person(),
        moment("recorded_at"),
        words("kind"),
        sa.Column("amount", sa.Numeric(14, 2), nullable=True),
        words("period", nullable=True),
        words("reason"),
        many("codes", sa.Integer),
        moment("decided_at"),
        moment("action_until", nullable=True),
        moment("review_due_at", nullable=True),
        words("next_step"),
        moment("follow_up_due_at", nullable=True),
        document("behaviour"),
        words("digest"),
        holds("automated_action", "by_known", BY),
        holds("automated_action", "digest_of_given", GIVEN),
        holds("automated_action", "review_of_automated", "(\"by\" = 'staff') = (review_due_at IS NULL)"),
        key("automated_action", "id"),
        refers("automated_action", "case_id", "care_case"),
        refers("automated_action", "staff_id", "staff_account"),
    )
    index("automated_action", "user_id", "id")
    index("automated_action", "case_id", "id", where="case_id IS NOT NULL")
    index("automated_action", "external_id", where="external_id IS NOT NULL", unique=True)
    only_added_to("automated_action", "actions are only added to")
    op.create_table(
        "action_step",
        big("action_id"),
        words("step"),
        moment("happened_at"),
        moment("at"),
        words("who"),
        person(),
        words("review", nullable=True),
        words("text"),
        moment("contest_until", nullable=True),
        words("digest"),
        holds("action_step", "review_known", "(step IN ('reviewed', 'contest_decided')) = (review IS NOT NULL)"),
        key("action_step", "action_id", "step"),
        refers("action_step", "action_id", "automated_action"),
        refers("action_step", "staff_id", "staff_account"),
    )
    only_added_to("action_step", "the steps of actions are only added to")


def make_evaluations() -> None:
    op.create_table(
        "evaluation",
        identity(),
        big("user_id"),
        big("case_id", nullable=True),
        big("interaction_id", nullable=True),
        moment("made_at"),
        words("who"),
        person(),
        moment("since"),
        big("since_t"),
        moment("due_at"),
        small("window_days"),
        words("expected"),
        document("before"),
        words("digest"),
        holds("evaluation", "window_range", "window_days BETWEEN 1 AND 90"),
        key("evaluation", "id"),
        refers("evaluation", "case_id", "care_case"),
        refers("evaluation", "interaction_id", "interaction"),
        refers("evaluation", "staff_id", "staff_account"),
    )
    index("evaluation", "user_id", "id")
    index("evaluation", "case_id", "id", where="case_id IS NOT NULL")
    only_added_to("evaluation", "evaluations are only added to")
    op.create_table(
        "evaluation_conclusion",
        big("evaluation_id"),
        moment("at"),
        words("who"),
        person(),
        words("proposed"),
        words("verdict"),
        words("reason"),
        words("further_action"),
        document("after"),
        document("comparison", nullable=True),
        words("digest"),
        key("evaluation_conclusion", "evaluation_id"),
        refers("evaluation_conclusion", "evaluation_id", "evaluation"),
        refers("evaluation_conclusion", "staff_id", "staff_account"),
    )
    only_added_to("evaluation_conclusion", "the conclusions of evaluations are only added to")


def downgrade() -> None:
    """Remove the tables; the version before reads what the journals of cases have of them as notes."""
    op.execute("ALTER TABLE case_event DISABLE TRIGGER append_only")
    op.execute(
        f"UPDATE case_event SET step = 'note', note = step || ' ' || note WHERE step IN ({RECORDED})"  # noqa: S608  # ours
    )
    op.execute("ALTER TABLE case_event ENABLE TRIGGER append_only")
    for name in ("awaited", "evaluation_conclusion", "evaluation", "action_step", "automated_action", "interaction"):
        op.drop_table(name)
