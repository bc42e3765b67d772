"""A site of the console's parts for a browser: the gallery, the error pages and what the script asks for.

It needs no database and no account; the pages are sent as the product sends them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

from flask import Flask, Response, request
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.datastructures import MultiDict
from werkzeug.serving import make_server

from app.console.assets import assets
from app.console.forms import Form
from app.console.rendering import PAGE_HEADERS, TEMPLATES, NavItem, Notice, NoticeKind, Person, render, with_symbols
from lib.pages.charts import Bar, Segment, bar_chart
from lib.pages.scale import SMALL

NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
ANA = Person(name="Ana Ruiz", zone="Europe/Madrid")
RTL = "أحمد عبد الرحمن الحسيني"
LONG = "Maximiliane-Charlotte von Hohenstein-Württemberg"
LETTERS = {"Cases": "q", "Customers": "c", "Alerts": "a", "Rules": "r", "Reports": "p", "Admin": "u"}
NAV = [
    NavItem(href=f"/console/gallery?of={label}", label=label, key=f"g {key}", current=key == "q", count=count)
    for (label, key), count in zip(LETTERS.items(), (128, None, 7, None, None, None), strict=True)
]
TABS = [
    NavItem(href=f"/console/gallery?tab={label}", label=label, count=count, current=label == "New")
    for label, count in {
        "New": 128, "Mine": 4, "Team": 31, "Monitoring": 12, "Snoozed": 0, "Overdue": 2, "Strong": 1, "Closed": None
    }.items()
]  # fmt: skip
PRIORITIES = [("Strong", "strong"), ("High", "danger"), ("Raised", "warning"), ("Normal", "neutral")]
WHY = "1,450.00 deposited in 24 hours (threshold 1,000.00), after 3 withdrawals that were cancelled within the hour"
ERRORS = {
    "email": ["Not a valid email address."],
    "password": ["Shorter than minimum length 12."],
    "zone": ["Not a known time zone."],
    "outcome": {0: ["Choose one."]},
    "reason": ["Missing data for required field."],
    "_schema": ["The form was opened more than an hour ago."],
}
GALLERY = TEMPLATES.overlay(
    loader=ChoiceLoader([FileSystemLoader(Path(__file__).parent), *filter(None, [TEMPLATES.loader])])
)


def case(number: int) -> dict[str, object]:
    return {
        "id": number,
        "customer": 4711 + number * 37,
        "priority": PRIORITIES[number % 4],
        "code": f"{number % 5 + 1} Large deposits",
        "why": WHY if number % 3 else "too fast",
        "alerts": number * 3 % 17 + 1,
        "at": NOW - timedelta(minutes=7 * number),
        "due": NOW + timedelta(minutes=50 * (number - 3)),
        "who": ("", RTL, LONG, "Ana Ruiz")[number % 4],
    }


def day(number: int) -> Bar:
    label = f"{NOW - timedelta(days=number):%d %b}"
    up, down = (
        [Segment(number * 977 % 4100, "deposits")],
        [Segment(number * 613 % 900 * (number % 3 == 0), "withdrawals")],
    )
    return Bar(f"{label}: {up[0].value:,} in, {down[0].value:,} out", label, up, down)


def gallery(person: Person, rows: int, *, with_errors: bool) -> str:
    values = MultiDict({"email": "ana@", "reason": RTL})
    form = Form(action="/console/stub/step", csrf="token", values=values, errors=ERRORS if with_errors else {})
    columns = [{"label": "Period"}, *({"label": f"Week {week}", "kind": "number"} for week in range(1, 13))]
    text = GALLERY.get_template("gallery.html.j2").render(
        person=person,
        nav=NAV,
        tabs=TABS,
        csrf="token",
        notices=[Notice(NoticeKind.OK, "Case 811 is closed.", "/console/undo", "Undo")],
        form=form,
        fresh=Form(action="/console/stub/step", csrf="token", prefix="fresh"),
        notes=Form(action="/console/stub/step", csrf="token", prefix="note"),
        now=NOW,
        chart=bar_chart("Deposits and withdrawals by day", [day(number) for number in range(28, 0, -1)], SMALL),
        days=[day(number) for number in range(28, 25, -1)],
        cases=[case(number) for number in range(1, rows + 1)],
        columns=columns,
        sums=[[name, *(f"{number * 317.5:,.2f}" for number in range(1, 13))] for name in ("Deposits", "Withdrawals")],
    )
    return with_symbols(text)


@dataclass
class Site:
    """Where it answers, and what browsers have posted to it: pairs of path and form."""

    address: str = ""
    posted: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)  # what the polled URLs answer


def make_app(site: Site) -> Flask:
    app = Flask(__name__)
    app.register_blueprint(assets)

    @app.get("/console/gallery")
    def show_gallery() -> str:
        asked = request.args
        person = replace(
            ANA,
            theme=asked.get("theme", "system"),
            density=asked.get("density", "comfortable"),
            single_keys="off" not in asked,
        )
        text = gallery(person, int(asked.get("rows", 4)), with_errors="calm" not in asked)
        return text.replace('<html lang="en"', '<html lang="en" dir="rtl"') if "rtl" in asked else text

    @app.get("/console/error/<int:status>")
    def show_error(status: int) -> tuple[str, int]:
        return render("console/error.html.j2", code=status, request_id="4f1c"), status

    @app.get("/console/alone")
    def show_alone() -> str:
        return render("console/error.html.j2", code=404, person=ANA, nav=NAV, csrf="token")

    @app.route("/console/stub/<name>", methods=["GET", "POST"])
    def stub(name: str) -> Response | dict[str, str]:
        if request.method == "POST":
            site.posted.append((name, request.form.to_dict()))
        return Response(status=204) if name == "step" else {"text": site.texts.get(name, "")}

    @app.after_request
    def protect(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers.update(PAGE_HEADERS)
        return response

    return app


@contextmanager
def serve() -> Iterator[Site]:
    site = Site()
    server = make_server("127.0.0.1", 0, make_app(site), threaded=True)
    site.address = f"http://127.0.0.1:{server.port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
