"""Renders the pages of the console. Every page extends `console/layout.html.j2`, which describes its blocks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from flask import url_for
from markupsafe import Markup

from app.backtest.page import FILTERS
from app.console.agents import browser_name
from app.console.assets import asset
from app.console.forms import Form
from app.console.times import distance, length, local_time, machine_time, moment, utc_time
from lib.pages.environment import page_environment

# Every page is sent with these. Scripts and styles come from `console_assets` alone: none stands in a page.
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Cache-Control": "no-store",
    # With no-referrer a browser would send `Origin: null` with a form, which could come from any site.
    "Referrer-Policy": "same-origin",
}
SYMBOLS: Mapping[str, str] = {
    found[1]: found[0]
    for found in re.finditer(
        r'<symbol id="i-([a-z0-9-]+)".*</symbol>',
        (Path(__file__).parent / "symbols" / "lucide.svg").read_text(encoding="utf-8"),
    )
}
USED = re.compile(r'<use href="#i-([a-z0-9-]+)"/>')
PLACE = "<!-- symbols -->"  # in the layout; user text cannot contain it, because it is escaped
MAX_COUNT = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who reads the page: their time zone (IANA), theme (system, light, dark), density (comfortable, compact)."""

    name: str
    zone: str = "UTC"
    theme: str = "system"
    density: str = "comfortable"
    single_keys: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """A tab: `count` stands beside the label unless it is None, and `key` is its shortcut, such as "g q"."""

    href: str
    label: str
    count: int | None = None
    current: bool = False
    key: str = ""


class NoticeKind(StrEnum):
    """What a notice is about; each has a colour, a symbol and a word."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message above the page's content, such as the result of the step before, and a link at its end.

    `is_step`: the link takes a step, so it is a button that sends a form.
    """

    kind: NoticeKind
    text: str
    href: str = ""
    label: str = ""
    is_step: bool = False


def icon(name: str) -> Markup:
    """Return a symbol, which is decoration: the words beside it say the same. Raises `KeyError` for an unknown name."""
    SYMBOLS[name]
    return Markup('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>').format(name)


def capped(count: int) -> str:
    """Write a count that is not worth being exact: "99+"."""
    return str(count) if count <= MAX_COUNT else f"{MAX_COUNT}+"


def label_of(words: str) -> dict[str, str]:
    """Return a column of a table."""
    return {"label": f"{words[:1].upper()}{words[1:]}"}


def edition_label(number: int) -> dict[str, str]:
    """Return a column of a table for an edition."""
    return {"label": f"Edition {number}"}


def of_customers(text: str) -> str:
    """Return a sentence about players in the word that pages have for them; it quotes nothing that people wrote."""
    return text.replace("player", "customer").replace("user ids: all", "all customers")


TEMPLATES = page_environment("app.console", "app.backtest")
TEMPLATES.globals |= {"url": url_for, "asset": asset, "icon": icon}
TEMPLATES.filters |= FILTERS | {
    "capped": capped,
    "label_of": label_of,
    "of_customers": of_customers,
    "edition_label": edition_label,
    "distance": distance,
    "length_of_time": length,
    "local_time": local_time,
    "browser_name": browser_name,
    "machine_time": machine_time,
    "moment": moment,
    "utc_time": utc_time,
}


def render(  # noqa: PLR0913  # what the layout knows
    template: str,
    *,
    person: Person | None = None,
    nav: Sequence[NavItem] = (),
    csrf: str = "",
    notices: Sequence[Notice] = (),
    form: Form | None = None,
    **values: object,
) -> str:
    """Return the HTML of a page, to be sent with `PAGE_HEADERS`.

    `person` is None before sign-in: without search, tabs and sign-out. `csrf` is the token of the session, for the
    layout's sign-out. `notices` stand above the content. `form` is the page's main form: if something is wrong with it,
    the layout begins with a list of its errors that link to the fields, and so does the title. `values` are the page's
    own, and `url`, `asset` and `icon` are known to all templates.
    """
    text = TEMPLATES.get_template(template).render(
        person=person, nav=nav, csrf=csrf, notices=notices, form=form, **values
    )
    return with_symbols(text)


def with_symbols(page: str) -> str:
    """Put the symbols that a page uses into it, each once, so that they need no request of their own."""
    used = sorted(set(USED.findall(page)))
    return page.replace(PLACE, "".join(SYMBOLS[name] for name in used), 1)
