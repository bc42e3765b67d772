"""What others are told of a case."""

from app.cases.domain import Case
from app.cases.services import CaseNews


def news_of(case: Case) -> CaseNews:
    """Return what others are told when a case is opened or closed."""
    return CaseNews(
        case_id=case.id,
        user_id=case.user_id,
        status=case.status,
        strength=case.strength.value,
        priority=case.priority,
        codes=case.codes,
        alerts=case.alert_count,
        outcome=case.outcome,
        reopened_from=case.reopened_from,
        by_hand=case.indicator is not None,
    )
