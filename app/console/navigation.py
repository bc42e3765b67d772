"""The tabs of every page: those that a person may open."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.console.rendering import NavItem
from app.staff.domain import Session
from app.staff.permissions import Permission


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab: where it leads, its shortcut, and the permission that it needs."""

    path: str
    label: str
    key: str
    permission: Permission


TABS = (
    Tab("/console/cases", "Cases", "g q", Permission.CASES_READ),
    Tab("/console/waiting", "Waiting", "g w", Permission.CASES_READ),
    Tab("/console/alerts", "Alerts", "g l", Permission.CASES_READ),
    Tab("/console/rules", "Rules", "g r", Permission.RULES_READ),
    Tab("/console/admin", "Admin", "g u", Permission.STAFF_WRITE),
    Tab("/console/audit", "Audit", "g a", Permission.AUDIT_READ),
)
OWN = "/console/me"


def nav_for(session: Session, path: str) -> Sequence[NavItem]:
    """Return the tabs of a person on a page."""
    return [
        NavItem(
            href=tab.path, label=tab.label, key=tab.key, current=path == tab.path or path.startswith(f"{tab.path}/")
        )
        for tab in allowed(session)
    ]


def allowed(session: Session) -> Iterator[Tab]:
    """Yield the tabs that a person may open."""
    return (tab for tab in TABS if session.actor.may(tab.permission))


def start_of(session: Session) -> str:
    """Return the page that a person begins with."""
    return next((tab.path for tab in allowed(session)), OWN)
