"""Reads HTML and SVG in tests."""

import re
from html.parser import HTMLParser

EVIL = "<script>alert('x')</script> & \"more\""  # what a user may type as the name of a rule


class Reader(HTMLParser):
    """Whether each element that is opened is closed, and what text there is."""

    VOID = frozenset({"meta", "line", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def heights(svg: str, kind: str) -> float:
    """Return the height of all rectangles of a class together."""
    return sum(float(height) for height in re.findall(rf'class="{kind}"[^>]* height="([\d.]+)"', svg))
