"""Admin: who may sign in, and what they may do."""

from flask import Response
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from app.console.answers import go_to, new_form, page
from app.console.entrance import console, form, made, session
from app.console.pages.admin import ADMIN, admin_page
from app.staff import controllers
from app.staff.addresses import link_address
from app.staff.domain import AccountExists, InvalidInput, Link, NoRole, State
from app.staff.permissions import Permission, Role

DOES = {
    Role.VIEWER: "sees cases, customers, reports and rules",
    Role.ANALYST: "works on cases and records interactions",
    Role.LEAD: "does what an analyst does; assigns, reviews and exports cases",
    Role.AUTHOR: "drafts rules and tests them",
    Role.PUBLISHER: "does what an author does; publishes rules",
    Role.ADMIN: "manages staff, keys, register and webhooks; sees no cases or customers",
    Role.AUDITOR: "reads and exports everything; changes nothing",
}
ROLES = [(role.value, role.value.capitalize(), DOES[role]) for role in Role]


@console.get(ADMIN)
def show_staff() -> Response:
    """List all accounts, with the form that invites."""
    return staff_page()


def staff_page(values: "MultiDict[str, str] | None" = None, errors: dict[str, list[str]] | None = None) -> Response:
    """Return the list of accounts; with what was typed into the form, and what is wrong with it."""
    found = controllers.staff(made().staff.database, session().actor)
    asked = new_form(f"{ADMIN}/invite", values=values or MultiDict(), errors=errors or {})
    return admin_page(
        "console/staff.html.j2",
        status=400 if errors else 200,
        form=asked,
        staff=found.accounts,
        now=found.now,
        roles=ROLES,
    )


@console.post(f"{ADMIN}/invite")
def invite() -> Response:
    """Invite somebody, and show the link, this one time."""
    typed = form()
    try:
        link = controllers.invite(
            made().staff, session().actor, typed.get("email", ""), roles_in(typed), typed.get("name", "").strip()
        )
    except InvalidInput as error:
        return staff_page(typed, error.errors)
    except AccountExists as error:
        return staff_page(typed, {"email": [f"{error}."]})
    except NoRole:
        return staff_page(typed, {"roles": ["Choose at least one role."]})
    return link_page(link)


def roles_in(typed: "MultiDict[str, str]") -> list[Role]:
    """Return the roles in a form; raises `InvalidInput` for one that does not exist."""
    try:
        return [Role(value) for value in typed.getlist("roles")]
    except ValueError:
        raise InvalidInput({"roles": ["Choose roles from the list."]}) from None


def link_page(link: Link) -> Response:
    """Return the page that shows a one-time link."""
    address = link_address(made().staff.console_url, link)
    return page("console/link.html.j2", link=link, address=address, account=link.account)


@console.get(f"{ADMIN}/staff/<int:account_id>")
def show_account(account_id: int) -> Response:
    """Show an account, what may be done with it and what was done."""
    return account_page(account_id)


def account_page(account_id: int, errors: dict[str, list[str]] | None = None) -> Response:
    """Return the page of an account."""
    services, actor = made().staff, session().actor
    found, sessions = controllers.account(services.database, actor, account_id)
    of_audit = actor.may(Permission.AUDIT_READ)
    return page(
        "console/account.html.j2",
        status=400 if errors else 200,
        form=new_form(f"{ADMIN}/staff/{account_id}/roles", errors=errors or {}),
        step=new_form(f"{ADMIN}/staff/{account_id}/step"),
        account=found,
        sessions=sessions,
        roles=ROLES,
        is_disabled=found.state is State.DISABLED,
        is_invited=found.state is State.INVITED,
        entries=controllers.audit(services.database, actor, account_id=account_id) if of_audit else (),
        confirmed=session().is_confirmed,
    )


@console.post(f"{ADMIN}/staff/<int:account_id>/roles")
def set_roles(account_id: int) -> AnyResponse:
    """Replace what somebody may do."""
    try:
        changed = controllers.set_roles(made().staff, session().actor, account_id, roles_in(form()))
    except InvalidInput as error:
        return account_page(account_id, error.errors)
    except NoRole:
        return account_page(account_id, {"roles": ["Choose at least one role, or disable the account."]})
    return go_to(f"{ADMIN}/staff/{account_id}", f"The roles of {changed.shown} are changed, from the next page on.")


@console.post(f"{ADMIN}/staff/<int:account_id>/step")
def take_step(account_id: int) -> AnyResponse:
    """Give a new link, shut somebody out, let them in again, or sign them out everywhere."""
    services, actor, wanted = made().staff, session().actor, form().get("step", "")
    if wanted == "link":
        return link_page(controllers.make_link(services, actor, account_id))
    if wanted == "disable":
        said = f"{controllers.disable(services, actor, account_id).shown} can no longer sign in."
    elif wanted == "enable":
        said = f"{controllers.enable(services, actor, account_id).shown} can sign in again."
    elif wanted == "sign-out":
        said = f"Signed out of {controllers.end_sessions(services, actor, account_id)} sessions."
    else:
        raise NotFound
    return go_to(f"{ADMIN}/staff/{account_id}", said)
