"""The people of the demo: the team, and the players of the register. Nobody of them is real."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from app.staff.permissions import Role

DOMAIN = "example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody of the team; `joins` is whether they have set up their account, `left` whether that is disabled."""

    key: str
    name: str
    roles: tuple[Role, ...]
    joins: bool = True
    left: bool = False

    @property
    def email(self) -> str:
        """Their address."""
        return f"{self.key}@{DOMAIN}"


MARIA = Member(key="maria", name="Maria Santos", roles=(Role.ANALYST,))
TOM = Member(key="tom", name="Tom Becker", roles=(Role.ANALYST,))
LAYLA = Member(key="layla", name="ليلى الحسيني", roles=(Role.ANALYST,))
WILHELMINA = Member(
    key="wilhelmina", name="Wilhelmina van der Hoeven-Oosterbroek Schimmelpenninck", roles=(Role.ANALYST,)
)
RUTH = Member(key="ruth", name="Ruth Adeyemi", roles=(Role.LEAD,))
OMAR = Member(key="omar", name="Omar Haddad", roles=(Role.LEAD,))
JONAS = Member(key="jonas", name="Jonas Lindqvist", roles=(Role.AUTHOR,))
CHIARA = Member(key="chiara", name="Chiara Fontana", roles=(Role.PUBLISHER,))
PRIYA = Member(key="priya", name="Priya Raman", roles=(Role.ADMIN,))
AUDITOR = Member(key="bartholomew", name="Bartholomew O'Shaughnessy-Whitcombe", roles=(Role.AUDITOR,))
TEAM = (
    PRIYA,
    RUTH,
    OMAR,
    MARIA,
    TOM,
    LAYLA,
    WILHELMINA,
    JONAS,
    CHIARA,
    AUDITOR,
    Member(key="new.colleague", name="", roles=(Role.ANALYST,), joins=False),
    Member(key="sam", name="Sam Whitaker", roles=(Role.ANALYST, Role.VIEWER), left=True),
)
ANALYSTS = (MARIA, TOM, LAYLA, WILHELMINA)
SIGN_IN = (MARIA, RUTH, PRIYA)  # for whom links are made: an analyst, a lead, an admin

NAMES = "names.txt"  # of players: a line of first names, and one of last names
FIRST_NAMES, LAST_NAMES = (Path(__file__).parent / NAMES).read_text(encoding="utf-8").splitlines()
AGES = ("18-24", "25-34", "35-54", "55-plus")


def player(seed: int, user_id: int) -> tuple[str, str, frozenset[str]]:
    """Return name, address and groups of a player."""
    random = Random(f"{seed}:person:{user_id}")  # noqa: S311  # a register that can be made again
    name = f"{random.choice(FIRST_NAMES.split())} {random.choice(LAST_NAMES.split())}"
    groups = {random.choices(AGES, (18, 34, 36, 12))[0]} | ({"vip"} if random.random() < 0.04 else set())  # noqa: PLR2004  # few
    return name, f"player{user_id}@{DOMAIN}", frozenset(groups)
