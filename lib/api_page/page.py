"""The page for people: Swagger UI from its installed package, without a request to any other host.

APIFlask's own page would need inline scripts, which the content security policy forbids.
"""

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

_OURS = Path(__file__).parent / "files"
_SWAGGER_UI = Path(str(files("flask_swagger_ui"))) / "dist"
_ASSETS = {
    "page.css": _OURS,
    "start.js": _OURS,
    "favicon-32x32.png": _SWAGGER_UI,
    "swagger-ui.css": _SWAGGER_UI,
    "swagger-ui-bundle.js": _SWAGGER_UI,
}
_MAX_AGE = 3600  # seconds for which a browser may keep an asset
# Swagger UI's style sheet has pictures as data URLs; everything else comes from this service or not at all.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

page = Blueprint("api_page", __name__, template_folder="files")


@page.get("/")
def lead() -> AnyResponse:
    """Redirect a browser to the start; tell any other client where the page and the document are.

    The start is this page, unless the application has another one: START_PAGE names its endpoint.
    """
    accepted = request.accept_mimetypes.best_match(["application/json", "text/html"])
    answer = (
        redirect(url_for(current_app.config.get("START_PAGE", ".show")))
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
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


@page.get("/docs/<asset>")
def send(asset: str) -> Response:
    """Send a file of the page."""
    if asset not in _ASSETS:
        abort(404)
    return send_from_directory(_ASSETS[asset], asset, max_age=_MAX_AGE)
