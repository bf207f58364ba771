"""A plot of cost against size as SVG, with both axes logarithmic."""

from math import log10

from benchmarks.measuring import shown
from benchmarks.report import Curves

WIDTH, HEIGHT, EDGE = 640, 360, 56
COLOURS = ("#1b7f5c", "#b3401f", "#3b5ba5")
STYLE = "font:13px sans-serif"


class Scale:
    """Maps values between two powers of ten onto a stretch of pixels."""

    def __init__(self, values: list[float], start: float, end: float) -> None:
        self.low, self.high = int(log10(min(values)) // 1), int(-(-log10(max(values)) // 1))
        self._start, self._step = start, (end - start) / max(self.high - self.low, 1)

    def at(self, value: float) -> float:
        """Return where a value lies."""
        return self._start + (log10(value) - self.low) * self._step

    def marks(self) -> list[float]:
        """Return the powers of ten on the axis."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def svg(curves: Curves) -> str:
    """Draw microseconds an event against the purchases that each customer has already."""
    points = [point for curve in curves.values() for point in curve]
    across = Scale([x for x, _ in points], EDGE, WIDTH - 140)
    up = Scale([y for _, y in points], HEIGHT - EDGE, 24)
    parts = [*_axes(across, up)]
    for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
        parts += _curve(name, [(across.at(x), up.at(y)) for x, y in curve], colour)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = "<title>Cost of an event against the purchases that each customer has</title>"
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    return "\n".join([head, title, ground, *parts, "</svg>\n"])


def _axes(across: Scale, up: Scale) -> list[str]:
    right, low = WIDTH - 140, HEIGHT - EDGE
    parts = []
    for mark in up.marks():
        y = up.at(mark)
        parts.append(f'<path d="M{EDGE} {y:.1f}H{right}" stroke="#ddd"/>')
        parts.append(_text(EDGE - 8, y + 4, shown(mark), "end"))
    for mark in across.marks():
        parts.append(_text(across.at(mark), low + 20, shown(mark), "middle"))
    parts.append(_text((EDGE + right) / 2, HEIGHT - 12, "purchases a customer has", "middle"))
    parts.append(_text(8, 16, "µs an event", "start"))
    return parts


def _curve(name: str, points: list[tuple[float, float]], colour: str) -> list[str]:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]
    drawn = f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    return [drawn, *dots, _text(x + 10, y + 4, name, "start", colour)]


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}" style="{STYLE}">{text}</text>'
