"""The page: Swagger UI from its installed package, and nothing that asks any other address; and the way to it."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

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

page = Blueprint("api_page", __name__, template_folder="files")


@page.get("/")
def lead() -> AnyResponse:
    """Lead a browser to the page, and tell everybody else where the page and the document are."""
    accepted = request.accept_mimetypes.best_match(["application/json", "text/html"])
    answer = (
        redirect(url_for(".show"))
        if accepted == "text/html"
        else jsonify(docs=url_for(".show"), openapi=url_for("openapi.spec"))
    )
    answer.vary.add("Accept")
    return answer


@page.get("/docs/")
@page.get("/docs")
def show() -> Response:
    """Show the page."""
    title: Any = getattr(current_app, "title", current_app.name)
    answer = make_response(render_template("page.html", title=title))
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@page.get("/docs/<asset>")
def send(asset: str) -> Response:
    """Send what the page is made of."""
    if asset not in ASSETS:
        abort(404)
    return send_from_directory(ASSETS[asset], asset, max_age=KEPT)
