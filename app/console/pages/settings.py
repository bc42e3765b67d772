"""Admin: the settings in force, to be read only."""

from flask import Response

from app.console.entrance import console, made, session
from app.console.pages.admin import ADMIN, admin_page
from app.staff.permissions import Permission


@console.get(f"{ADMIN}/settings")
def show_settings() -> Response:
    """Show what is set in this process; who may invite people may see it (A86)."""
    session().actor.require(Permission.STAFF_WRITE)
    return admin_page("console/settings.html.j2", settings=made().settings)
