"""What the benches found: tables for people, JSON for machines."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.measuring import Spread, shown

LENIENCE = 2.0


class Row(NamedTuple):
    """One comparison: how many times the base the thing is, and what it ought to be.

    `goal` is the least ratio, or with `at_most` the greatest; None if there is none. `figures` are
    the absolute figures of both, as information.
    """

    name: str
    base: str
    ratio: Spread
    goal: float | None
    figures: tuple[Spread, ...]
    at_most: bool = False

    @property
    def kept(self) -> bool:
        """Whether the goal is reached."""
        if self.goal is None:
            return True
        reached = self.ratio.median
        return reached <= self.goal if self.at_most else reached >= self.goal

    @property
    def far_off(self) -> bool:
        """Whether even the best round is far off the goal: a busy machine alone does not do it."""
        if self.goal is None:
            return False
        if self.at_most:
            return self.ratio.lowest > self.goal * LENIENCE
        return self.ratio.highest < self.goal / LENIENCE


Curves = Mapping[str, Sequence[tuple[float, float]]]


class Table(NamedTuple):
    """What one bench found; `unit` is that of the absolute figures. `curves` are for the plot."""

    name: str
    unit: str
    rows: list[Row]
    notes: tuple[str, ...] = ()
    curves: Curves = {}


def markdown(table: Table) -> str:
    """Return a table as Markdown."""
    head = f"| {table.name} | beside | ratio | goal | {table.unit} | {table.unit} of the base |"
    lines = [head, "| --- | --- | --- | --- | --- | --- |"]
    lines += [_line(row) for row in table.rows]
    return "\n".join([*lines, *(f"\n{note}" for note in table.notes)])


def _line(row: Row) -> str:
    sign = "≤" if row.at_most else "≥"
    goal = "" if row.goal is None else f"{sign} {shown(row.goal)}{'' if row.kept else ' (missed)'}"
    figures = [*map(str, row.figures), "", ""][:2]
    return f"| {row.name} | {row.base} | {row.ratio} | {goal} | {figures[0]} | {figures[1]} |"
