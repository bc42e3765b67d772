"""One's own account: how pages look, password, recovery codes, where one is signed in."""

from flask import Response
from werkzeug.wrappers import Response as AnyResponse

from app.console.answers import go_to, new_form, page
from app.console.entrance import console, form, made, session
from app.console.forms import Form
from app.console.pages.zones import zone_options
from app.staff import own_account
from app.staff.domain import Density, InvalidInput, Preferences, SignInDelayed, Theme, WrongPassword
from app.staff.passwords import Busy

OWN = "/console/me"


@console.get(OWN)
def show_me() -> Response:
    """Show one's own account."""
    return me_page()


def me_page(*, look: Form | None = None, password: Form | None = None, status: int = 200) -> Response:
    """Return the page of one's own account; a form that was sent is shown as it was typed."""
    services, own = made().staff, session()
    return page(
        "console/me.html.j2",
        status=status,
        form=password or look,
        account=own.account,
        look=look or new_form(f"{OWN}/look", prefix="look"),
        password=password or new_form(f"{OWN}/password", prefix="password"),
        plain=new_form(f"{OWN}/sessions"),
        zones=zone_options(own.account.preferences.zone),
        themes=[(each.value, each.value.capitalize()) for each in Theme],
        densities=[(each.value, each.value.capitalize()) for each in Density],
        codes_left=own_account.recovery_codes_left(services, own),
        sessions=own_account.sessions(services, own),
        here=own.digest,
    )


@console.post(f"{OWN}/look")
def set_look() -> AnyResponse:
    """Set how pages look."""
    typed = form()
    try:
        own_account.set_preferences(made().staff, session(), preferences(typed.to_dict()))
    except InvalidInput as error:
        return me_page(look=new_form(f"{OWN}/look", prefix="look", values=typed, errors=error.errors), status=400)
    return go_to(OWN, "Your settings are saved.")


def preferences(typed: dict[str, str]) -> Preferences:
    """Return the preferences in a form; raises `InvalidInput`."""
    theme, density = typed.get("theme", ""), typed.get("density", "")
    faults = {"theme": theme in set(Theme), "density": density in set(Density)}
    if not all(faults.values()):
        raise InvalidInput({name: ["Choose one from the list."] for name, is_right in faults.items() if not is_right})
    return Preferences(
        zone=typed.get("zone", ""), theme=Theme(theme), density=Density(density), single_keys="single_keys" in typed
    )


@console.post(f"{OWN}/password")
def change_password() -> AnyResponse:
    """Replace one's password."""
    typed, errors = form(), {}
    try:
        own_account.change_password(
            made().staff, session(), typed.get("present_password", ""), typed.get("new_password", "")
        )
    except InvalidInput as error:
        errors = error.errors
    except WrongPassword:
        errors = {"present_password": ["This is not your current password."]}
    except (Busy, SignInDelayed) as error:
        errors = {"_schema": [f"{str(error).capitalize()}."]}
    if errors:
        return me_page(password=new_form(f"{OWN}/password", prefix="password", errors=errors), status=400)
    return go_to(OWN, "Your password is changed. You are signed out everywhere else.")


@console.post(f"{OWN}/codes")
def renew_codes() -> Response:
    """Replace one's recovery codes, and show them, this one time."""
    codes = own_account.renew_recovery_codes(made().staff, session())
    return page("console/recovery_codes.html.j2", codes=codes, first=False)


@console.post(f"{OWN}/sessions")
def end_other_sessions() -> AnyResponse:
    """Sign oneself out everywhere else."""
    ended = own_account.end_other_sessions(made().staff, session())
    return go_to(OWN, f"You are signed out of {ended} other {'session' if ended == 1 else 'sessions'}.")
