"""The files of the console: how they are sent, how large they are, where the symbols come from."""

import gzip
import re
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import app.console
from app.console.assets import ASSETS, TYPES, asset, assets
from app.console.rendering import PAGE_HEADERS, SYMBOLS, icon
from tests.unit.contrasts import contrast

CONSOLE = Path(app.console.__file__).parent
CSS, SCRIPT = (ASSETS[name].content.decode() for name in ("console.css", "console.js"))
# Each colour for light and dark.
COLOURS = dict(re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", CSS))
GROUNDS = ("page", "panel", "hover")
ON_SOFT = ("accent", "ok", "warning", "danger")


@pytest.fixture
def flask() -> Flask:
    made = Flask(__name__)
    made.register_blueprint(assets)
    return made


@pytest.fixture
def client(flask: Flask) -> FlaskClient:
    return flask.test_client()


def url_of(flask: Flask, name: str) -> str:
    with flask.test_request_context():
        return asset(name)


@pytest.mark.parametrize(("name", "kind"), TYPES.items())
def test_a_file_is_kept_for_ever_under_the_url_that_pages_name(
    flask: Flask, client: FlaskClient, name: str, kind: str
) -> None:
    answer = client.get(url_of(flask, name))
    assert answer.content_type == f"{kind}; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.data == ASSETS[name].content
    assert answer.data.startswith((CONSOLE / "static" / name).read_bytes())


@pytest.mark.parametrize("query", ["", "?v=000000000000"])
def test_under_any_other_url_it_is_not_kept(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/console/static/console.css{query}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_is_compressed_for_those_who_take_that(flask: Flask, client: FlaskClient) -> None:
    answer = client.get(url_of(flask, "console.css"), headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.data).decode() == CSS
    refused = client.get(url_of(flask, "console.css"), headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


@pytest.mark.parametrize("name", ["lucide.svg", "..%2fassets.py", "console.css.map"])
def test_no_other_file_is_sent(client: FlaskClient, name: str) -> None:
    assert client.get(f"/console/static/{name}").status_code == 404


def test_the_files_are_small() -> None:
    assert len(ASSETS["console.css"].content) <= 25_000
    assert len(ASSETS["console.js"].content) <= 10_000


def test_the_script_writes_no_markup_and_reaches_no_other_host() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|https?:", SCRIPT)
    assert not re.search(r"https?:|@import|url\(", CSS)


def test_pages_allow_only_what_comes_from_here() -> None:
    assert PAGE_HEADERS["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_stand_out(scheme: int) -> None:
    """WCAG 2.2: 4.5 for text, 3 for edges of controls and for symbols."""
    found = {name: pair.split(", ")[scheme] for name, pair in COLOURS.items()}
    texts = [("ink", ground) for ground in (*GROUNDS, "line", *(f"{name}-soft" for name in ON_SOFT))]
    texts += [(text, ground) for text in ("dim", "accent", "danger") for ground in GROUNDS]
    texts += [(name, f"{name}-soft") for name in ON_SOFT] + [("dim", "accent-soft")]
    contrasts = {pair: contrast(found[pair[0]], found[pair[1]]) for pair in texts}
    fills = ("fill", "fill-hover", "danger-fill", "danger-hover")
    contrasts |= {("on-fill", fill): contrast("#ffffff", found[fill]) for fill in fills}
    assert min(contrasts.values()) >= 4.5, contrasts
    edges = {ground: contrast(found["edge"], found[ground]) for ground in ("page", "panel")}
    assert min(edges.values()) >= 3, edges


def test_symbols_are_those_that_their_licence_stands_beside() -> None:
    told = (CONSOLE / "symbols" / "README.md").read_text(encoding="utf-8")
    digest = sha256((CONSOLE / "symbols" / "lucide.svg").read_bytes()).hexdigest()
    assert digest in told
    assert f"{len(SYMBOLS)} of the symbols" in told
    assert "ISC License" in (CONSOLE / "symbols" / "LICENSE").read_text(encoding="utf-8")


def test_an_unknown_symbol_is_an_error() -> None:
    with pytest.raises(KeyError):
        icon("no-such-symbol")
