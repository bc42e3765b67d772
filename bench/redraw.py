"""`python -m bench.redraw`: draw the pictures anew from the figures beside them; nothing is measured."""

from pathlib import Path

from bench import figures, picture
from bench.backtest import part_figures

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Draw them."""
    picture.draw(figures.read(DOCS / "performance.json"), DOCS / "performance.svg")
    part_figures.draw(part_figures.read(DOCS / f"{part_figures.NAME}.json"), DOCS / f"{part_figures.NAME}.svg")


if __name__ == "__main__":
    main()
