"""The style sheet, the script and the icon of the pages. Their URLs contain a hash of their content.

Nothing in them is secret, so they need no session.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Response, abort, request, url_for

STATIC = Path(__file__).parent / "static"
CHARTS = Path(str(files("lib.pages"))) / "templates" / "pages" / "chart.css"
TYPES = {"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"

assets = Blueprint("console_assets", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file, as it stands and compressed; `digest` is the beginning of the hash of its content."""

    content: bytes
    compressed: bytes
    digest: str


def _read(name: str) -> Asset:
    content = (STATIC / name).read_bytes()
    if name == "console.css":
        content += CHARTS.read_bytes()
    compressed = gzip.compress(content, compresslevel=9, mtime=0)
    return Asset(content=content, compressed=compressed, digest=sha256(content).hexdigest()[:12])


ASSETS: Mapping[str, Asset] = {name: _read(name) for name in TYPES}


def asset(name: str) -> str:
    """Return the URL of a file; it changes with the content. Raises `KeyError` for a file that is none of `TYPES`."""
    return url_for("console_assets.send", name=name, v=ASSETS[name].digest)


@assets.get("/console/static/<name>")
def send(name: str) -> Response:
    """Send a file.

    While two releases run side by side, one may be asked for the other's file. It sends its own, which no browser may
    keep under that URL.
    """
    if name not in ASSETS:
        abort(404)
    found = ASSETS[name]
    compresses = request.accept_encodings.quality("gzip") > 0
    response = Response(found.compressed if compresses else found.content, content_type=f"{TYPES[name]}; charset=utf-8")
    if compresses:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = FOR_EVER if request.args.get("v") == found.digest else "no-store"
    return response
