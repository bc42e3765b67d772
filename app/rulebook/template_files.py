"""Templates: ready editions with their sources, as files of this package for people to read, edit and draft.

Their rules are parsed when they are drafted, exactly as those of any other file.
"""

import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("templates")
NAMES = tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))
RULES = "[[rules]]"  # the first one begins the part of a file that is drafted
WIDTH = 100  # columns of the comments above it


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A law or a code of practice: its paragraph and date; the address is empty if there is none."""

    title: str
    paragraph: str
    date: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRule:
    """A rule, as a list shows it."""

    code: int
    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A ready edition: what it watches, what it needs of the platform, its sources, and its rules as TOML."""

    name: str
    title: str
    about: str
    needs: Sequence[str]
    sources: Sequence[Source]
    rules: Sequence[TemplateRule]
    toml: str


@cache
def templates() -> Sequence[Template]:
    """Return all templates, by name."""
    return tuple(_read(FOLDER / f"{name}.toml") for name in NAMES)


def template(name: str) -> Template:
    """Return the template of one of `NAMES`."""
    return next(each for each in templates() if each.name == name)


def _read(file: Path) -> Template:
    text = file.read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    about = " ".join(tables["about"].split())
    sources = tuple(Source(**each) for each in tables["sources"])
    return Template(
        name=file.stem,
        title=tables["title"],
        about=about,
        needs=tuple(tables["needs"]),
        sources=sources,
        rules=tuple(map(_outline, tables["rules"])),
        toml=_comments(tables["title"], about, tables["needs"], sources) + text[text.index(RULES) :],
    )


def _outline(rule: Mapping[str, Any]) -> TemplateRule:
    return TemplateRule(code=rule["code"], name=rule["name"], description=rule["description"])


def _comments(title: str, about: str, needs: Sequence[str], sources: Sequence[Source]) -> str:
    """Return the head of the file as comments, which stay in a file that somebody keeps."""
    paragraphs = [title, about, *(f"Needs {each}." for each in needs), *map(_cited, sources)]
    lines = "\n\n".join(
        textwrap.fill(each, WIDTH, break_long_words=False, break_on_hyphens=False) for each in paragraphs
    )
    return "".join(f"# {line}".rstrip() + "\n" for line in lines.splitlines()) + "\n"


def _cited(source: Source) -> str:
    return f"Source: {source.title}; {source.paragraph} ({source.date}). {source.url}".rstrip()
