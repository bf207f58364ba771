"""The geometry of charts that are drawn as SVG: all in the units of their view boxes."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 720, 200
MARGIN = 10  # above and below a line
GAP = 0.2  # of a bar's place that stays empty


class Bar(NamedTuple):
    """A bar that stands on the bottom line."""

    x: float
    y: float
    width: float
    height: float


def bars(values: Sequence[float]) -> list[Bar]:
    """Return a bar for each value; the highest reaches the top."""
    place, highest = WIDTH / len(values), max(values) or 1
    heights = [value / highest * HEIGHT for value in values]
    return [
        Bar(
            round((number + GAP / 2) * place, 2),
            round(HEIGHT - height, 2),
            round(place * (1 - GAP), 2),
            round(height, 2),
        )
        for number, height in enumerate(heights)
    ]


def steps(points: Sequence[tuple[float, float]], end: float) -> str:
    """Return the path of values, each as (moment, value) level from its moment on, until the end.

    The highest is drawn at the top and the lowest at the bottom; where all are one, in the middle.
    """
    start = points[0][0]
    values = [value for _, value in points]
    lowest, spread = min(values), max(values) - min(values)
    drawn: list[str] = []
    for moment, value in points:
        share = (value - lowest) / spread if spread else 0.5
        x = round((moment - start) / (end - start) * WIDTH, 2)
        y = round(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN), 2)
        drawn.append(f"H{x}V{y}" if drawn else f"M{x} {y}")
    return "".join([*drawn, f"H{WIDTH}"])
