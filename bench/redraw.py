"""`python -m bench.redraw`: draw docs/performance.svg anew from docs/performance.json; nothing is measured."""

from pathlib import Path

from bench import figures, picture

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Draw it."""
    picture.draw(figures.read(DOCS / "performance.json"), DOCS / "performance.svg")


if __name__ == "__main__":
    main()
