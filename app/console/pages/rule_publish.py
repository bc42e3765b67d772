"""Publishing an edition: what changes, what its last backtest said, why, and with whose code; and the way back."""

from dataclasses import replace

from flask import Response
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from app.backtest.jobs import controllers as jobs
from app.console.answers import go_to, new_form, page
from app.console.entrance import console, form, form_key, made, session
from app.console.errors import sentence
from app.console.forms import OF_THE_WHOLE
from app.console.pages import rule_words
from app.console.pages.rule_draft import messages_of
from app.console.pages.rule_fieldsets import Errors
from app.console.pages.rule_forms import PublicationForm, on_one_line
from app.console.pages.rules import RULES, valid
from app.rulebook import people
from app.rulebook.domain import LiveEditionChanged, NoSuchEdition, RuleBookRefused
from app.staff import signing_in
from app.staff.domain import SignInDelayed, WrongCode
from app.staff.permissions import Actor, Permission

CHANGED = "Another edition was published since you opened this page. What would change now is below: look at it again."


@console.get(f"{RULES}/<int:edition>/publish")
def show_publication(edition: int) -> Response:
    """Show what publishing an edition changes, and ask for its number."""
    session().actor.require(Permission.RULES_PUBLISH)
    return publication_page(valid(edition))


def publication_page(edition: int, errors: Errors | None = None, *, status: int = 200) -> Response:
    """Return the page with what was typed."""
    actor, typed = session().actor, form()
    found = people.edition(made().rules, actor, edition)
    kept: MultiDict[str, str] = MultiDict({name: typed[name] for name in ("note", "number") if name in typed})
    return page(
        "console/publish.html.j2",
        status=status,
        form=new_form(f"{RULES}/{edition}/publish", values=kept, errors=errors or {}),
        found=found,
        edition=found.edition,
        live=found.live.edition if found.live else None,
        words=rule_words,
        test=jobs.last_report(made().backtests, actor, edition),
        confirmed=session().is_confirmed,
    )


@console.post(f"{RULES}/<int:edition>/publish")
def publish_edition(edition: int) -> AnyResponse:
    """Publish an edition; what was typed is kept if that is refused."""
    actor, number = session().actor, valid(edition)
    actor.require(Permission.RULES_PUBLISH)
    try:
        given = PublicationForm(number).load(form().to_dict())
        confirmed = confirmed_actor(actor)
        people.publish(
            made().rules,
            confirmed,
            number,
            note=on_one_line(given["note"]),
            over=given["over"],
            form=form_key(f"publish {number}"),
        )
    except ValidationError as error:
        return publication_page(number, messages_of(error), status=400)
    except (WrongCode, SignInDelayed) as error:
        return publication_page(number, {"code": [sentence(str(error))]}, status=403)
    except LiveEditionChanged:
        return publication_page(number, {OF_THE_WHOLE: [CHANGED]}, status=409)
    except NoSuchEdition:
        raise
    except RuleBookRefused as error:
        return publication_page(number, {OF_THE_WHOLE: [sentence(error.refusal)]}, status=409)
    return go_to(f"{RULES}/{number}", f"Edition {number} is live: every process judges by it within a second.")


def confirmed_actor(actor: Actor) -> Actor:
    """Return who publishes, after the code of the form if the last one is too old; raises `WrongCode`."""
    if actor.is_confirmed:
        return actor
    signing_in.confirm(made().staff, session(), form().get("code", ""))
    return replace(actor, is_confirmed=True)


@console.post(f"{RULES}/<int:edition>/back")
def go_back(edition: int) -> AnyResponse:
    """Publish an edition that was live before, in place of the one that the page showed as live."""
    number = valid(edition)
    given = form().get("over", "")
    over = int(given) if given.isascii() and given.isdigit() and len(given) < 11 else None  # noqa: PLR2004  # digits
    note = f"back from edition {over}" if over else "back"
    people.publish(made().rules, session().actor, number, note=note, over=over, form=form_key(f"back {number}"))
    return go_to(f"{RULES}/{number}", f"Edition {number} is live again: every process judges by it within a second.")
