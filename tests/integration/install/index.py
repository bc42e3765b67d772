"""A package index on this machine, with every locked package and a newer release of each beside it.

The packages are empty but for what an installer reads of them: name, version, what they need. uv is the real one.
"""

import hashlib
import importlib.metadata
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from packaging.requirements import Requirement

NEWER = "9999.0"


def version_of(requirement: Requirement) -> str:
    """Return the one version that a locked requirement admits."""
    [only] = requirement.specifier
    assert only.operator == "=="
    return only.version


def needs(name: str) -> list[str]:
    """Read what a package needs from the one that is installed here; nothing of one that is not."""
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []


def make_wheel(folder: Path, name: str, version: str, needed: list[str], scripts: Mapping[str, bytes]) -> Path:
    """Write a wheel; `scripts` are the programs that it brings."""
    stem = f"{name.replace('-', '_')}-{version}"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in needed]
    files = {
        f"{stem}.dist-info/METADATA": "\n".join([*lines, ""]).encode(),
        f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **{f"{stem}.data/scripts/{script}": content for script, content in scripts.items()},
    }
    record = "".join(f"{inside},,\n" for inside in files)
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, content in {**files, f"{stem}.dist-info/RECORD": record.encode()}.items():
            entry = zipfile.ZipInfo(inside)  # of no particular time: made twice, it has one hash
            entry.external_attr = 0o100755 << 16
            wheel.writestr(entry, content)
    return path


@dataclass(frozen=True, slots=True)
class Index:
    """The folder of an index: a page and the wheels of each package."""

    folder: Path

    def add(self, requirement: Requirement, scripts: Mapping[str, bytes]) -> str:
        """Add a locked package and a newer release of it; return its line for a lock file."""
        name, version = requirement.name, version_of(requirement)
        page = self.folder / "simple" / name
        page.mkdir(parents=True, exist_ok=True)
        for each in (version, NEWER):
            make_wheel(page, name, each, needs(name), scripts)
        links = (f'<a href="{wheel.name}">{wheel.name}</a>\n' for wheel in sorted(page.glob("*.whl")))
        (page / "index.html").write_text("".join(links))
        [wheel] = page.glob(f"*-{version}-*.whl")
        return f"{requirement} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"

    def change(self, name: str) -> None:
        """Put another file in the place of each release of a package."""
        for wheel in (self.folder / "simple" / name).glob("*.whl"):
            with zipfile.ZipFile(wheel, "a") as opened:
                opened.writestr("changed.py", b"")

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve the index; yields its address."""
        folder = str(self.folder)

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *words: object, **named: object) -> None:
                super().__init__(*words, **named, directory=folder)  # type: ignore[arg-type]

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/simple"
            finally:
                server.shutdown()
