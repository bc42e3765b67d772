"""Drafts and publishes the editions of the demo's rule book."""

from pathlib import Path

from app.backtest.jobs import controllers as jobs
from app.backtest.jobs.domain import Asked
from app.rulebook import controllers
from app.rulebook.approval import Change
from app.rulebook.toml import parse_toml
from app.staff.permissions import Actor
from demo.site import Site

EDITIONS = Path(__file__).parent / "editions"


def draft(site: Site, name: str, author: Actor, note: str) -> int:
    """Draft an edition from its file; return its number."""
    rules = parse_toml((EDITIONS / f"{name}.toml").read_text()).rules
    book = site.rule_book
    change = Change(actor=author.name, reason=note)
    return controllers.draft(book.database, rules, change, t_is_unix=book.t_is_unix).edition


def publish(site: Site, edition: int, publisher: Actor, note: str) -> None:
    """Publish an edition; each process has it within a second."""
    book = site.rule_book
    controllers.publish(
        book.database,
        edition,
        Change(actor=publisher.name, reason=note),
        four_eyes=book.four_eyes,
        t_is_unix=book.t_is_unix,
        announce=book.announce,
    )


def shadow(site: Site, edition: int, author: Actor, note: str) -> None:
    """Let an edition judge beside the live one."""
    book = site.rule_book
    controllers.shadow(book.database, edition, Change(actor=author.name, reason=note), t_is_unix=book.t_is_unix)


def ask_for_backtest(site: Site, edition: int, against: int, author: Actor) -> None:
    """Ask for a backtest of an edition, which the worker runs."""
    jobs.ask(site.backtests, author, Asked(edition=edition, against=against))
