"""What tests of cases share: people, alerts in the feed as a worker numbers them, and the errands that attach them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from json import dumps

from apiflask import APIFlask

from app.cases.attaching import Attaching
from app.cases.domain import Case, CaseEvent
from app.cases.reading import case_page
from app.cases.requests import CasePage, CaseRef
from app.cases.services import CaseNews, CaseServices
from app.cases.waking import Waking
from app.rules.meaning import Meaning, Strength
from app.staff.permissions import Actor, Role, person, shell
from lib import services
from lib.transactions import Transaction
from tests.integration.conftest import Sql

STRONG_CODE = 999
MEANINGS = {1: {STRONG_CODE: Meaning(strength=Strength.STRONG)}}
ROOT = shell("root@test")


def member(sql: Sql, name: str, *roles: Role) -> Actor:
    """Return a person who has an account with these roles."""
    [(staff_id,)] = sql(
        "INSERT INTO staff_account (email, name, roles, state, made_by) VALUES (%s, %s, %s, 'active', 'test')"
        " RETURNING id",
        f"{name.lower()}@example.com",
        name,
        [role.value for role in roles],
    )
    return person(staff_id, name, roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Casework:
    """An application's cases, with alerts that tests make."""

    services: CaseServices
    sql: Sql
    news: list[CaseNews] = field(default_factory=list)

    def alert(  # noqa: PLR0913  # what names an alert
        self,
        user_id: int,
        t: int = 10,
        code: int = 30,
        *,
        kind: str = "raised",
        no: int = 0,
        value: str = "3",
        quiet: bool = False,
    ) -> int:
        """Number an alert in the feed, and return its number."""
        evidence = {"value": value, "limit": "2", "count": 3, "moments": [t], "sentence": f"code {code} at {t}"}
        self.sql(
            "INSERT INTO alert (user_id, t, n, code, edition, shadow, evidence) VALUES (%s, %s, 0, %s, 1, false, %s)"
            " ON CONFLICT DO NOTHING",
            *(user_id, t, code, dumps(evidence)),
        )
        [(number,)] = self.sql(
            "WITH head AS (UPDATE feed_head SET number = number + 1 RETURNING number)"
            " INSERT INTO alert_feed (number, user_id, t, n, kind, no, code, edition, quiet)"
            " SELECT number, %s, %s, 0, %s, %s, %s, 1, %s FROM head RETURNING number",
            *(user_id, t, kind, no, code, quiet),
        )
        return int(number)

    def attach(self) -> None:
        """Attach all that is numbered."""
        errand = self.attaching()
        while errand.run_once():
            pass

    def attaching(self) -> Attaching:
        return Attaching(self.services.database, lambda _, __: MEANINGS, self._announce)

    def wake(self) -> None:
        """Wake and return all whose time has come."""
        Waking(self.services.database).run_once()

    def _announce(self, current: Transaction, news: CaseNews) -> None:
        self.services.announce(current, news)
        self.news.append(news)

    def case_of(self, user_id: int) -> Case:
        """Return the player's newest case."""
        [(case_id,)] = self.sql("SELECT max(id) FROM care_case WHERE user_id = %s", user_id)
        return self.page(case_id).case

    def opened(self, user_id: int, t: int = 10, code: int = 30) -> Case:
        """Return a new case of this player, opened by an alert."""
        self.alert(user_id, t, code)
        self.attach()
        return self.case_of(user_id)

    def page(self, case_id: int) -> CasePage:
        return case_page(self.services, ROOT, case_id)

    def journal(self, case_id: int) -> list[CaseEvent]:
        return [*self.page(case_id).events]

    def steps(self, case_id: int) -> list[str]:
        return [event.step.value for event in self.journal(case_id)]


def casework_of(app: APIFlask, sql: Sql) -> Casework:
    """Return the cases of an application."""
    with app.app_context():
        return Casework(services=services.get(CaseServices), sql=sql)


def seen(case: Case, form: str | None = None) -> CaseRef:
    """Return a reference to a case as somebody sees it."""
    return CaseRef(case_id=case.id, version=case.version, form=form)


Counted = Mapping[str, int]
Step = Callable[[CaseRef], Case]
