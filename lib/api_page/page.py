"""The page: Swagger UI from its installed package, and nothing that asks any other address."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, current_app, make_response, render_template, send_from_directory

OURS = Path(__file__).parent / "files"
SWAGGER_UI = Path(str(files("flask_swagger_ui"))) / "dist"
ASSETS = {
    "page.css": OURS,
    "start.js": OURS,
    "favicon-32x32.png": SWAGGER_UI,
    "swagger-ui.css": SWAGGER_UI,
    "swagger-ui-bundle.js": SWAGGER_UI,
}
KEPT = 3600  # seconds for which a browser need not ask for an asset again
# Its own style sheet carries pictures as data; everything else comes from here or not at all.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

page = Blueprint("api_page", __name__, template_folder="files", url_prefix="/docs")


@page.get("")
@page.get("/")
def show() -> Response:
    """Show the page."""
    title: Any = getattr(current_app, "title", current_app.name)
    answer = make_response(render_template("page.html", title=title))
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@page.get("/<asset>")
def send(asset: str) -> Response:
    """Send what the page is made of; only to whom it was sent may keep it, since others may need a key."""
    if asset not in ASSETS:
        abort(404)
    answer = send_from_directory(ASSETS[asset], asset, max_age=KEPT)
    answer.cache_control.public = False
    answer.cache_control.private = True
    return answer
