"""Backtests of editions: ask for one, see how far it is, read its report, cancel it."""

from flask import Response
from werkzeug.wrappers import Response as AnyResponse

from app.backtest.jobs import controllers as jobs
from app.backtest.jobs.domain import Asked, Job, NoSuchJob, State
from app.backtest.page import contents
from app.console.answers import go_to, new_form, page
from app.console.entrance import console, form, form_key, made, polled, session
from app.console.pages import rule_words
from app.console.pages.rules import RULES, valid
from app.rules.limits import BIGINT_MAX
from app.staff.permissions import Permission

TESTS = f"{RULES}/tests"


def number_in(name: str) -> int | None:
    """Return a whole number of the form, None for anything else."""
    text = form().get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004  # digits


@console.post(f"{RULES}/<int:edition>/test")
def ask_for_backtest(edition: int) -> AnyResponse:
    """Ask for a backtest of an edition, against the edition that the form names."""
    asked = Asked(edition=valid(edition), against=number_in("against"), days=number_in("days"))
    job = jobs.ask(made().backtests, session().actor, asked, form_key(f"test {edition}"))
    return go_to(f"{TESTS}/{job.id}")


def checked(job_id: int) -> int:
    """Return the number of a backtest in an address; raises `NoSuchJob` for one that none can have."""
    if job_id > BIGINT_MAX:
        raise NoSuchJob(job_id)
    return job_id


@console.get(f"{TESTS}/<int:job_id>")
def show_backtest(job_id: int) -> Response:
    """Show how far a backtest is, or what it found."""
    actor = session().actor
    found = jobs.view(made().backtests, actor, checked(job_id))
    return page(
        "console/backtest.html.j2",
        found=found,
        job=found.job,
        ended=found.job.has_ended,
        words=rule_words,
        cancel=new_form(f"{TESTS}/{job_id}/cancel"),
        poll=f"{TESTS}/{job_id}/progress",
        may_write=actor.may(Permission.RULES_WRITE),
        may_see_customers=actor.may(Permission.CUSTOMERS_READ),
        **(contents(found.report) if found.report else {"report": None}),
    )


@console.get(f"{TESTS}/<int:job_id>/progress")
@polled
def show_progress(job_id: int) -> dict[str, str]:
    """Say how far a backtest has come since the page was shown."""
    return {"text": news_of(jobs.progress(made().backtests, session().actor, checked(job_id)))}


def news_of(job: Job) -> str:
    """Say what is new about a backtest that was under way when its page was shown."""
    if job.state is State.RUNNING:
        return f"{job.percent} % judged: show the progress"
    return "" if job.state is State.WAITING else "The backtest has ended: show the result"


@console.post(f"{TESTS}/<int:job_id>/cancel")
def cancel_backtest(job_id: int) -> AnyResponse:
    """Cancel a backtest."""
    jobs.cancel(made().backtests, session().actor, checked(job_id))
    return go_to(f"{TESTS}/{job_id}", f"Backtest {job_id} is cancelled.")
