"""How much is measured: a little, what fits into ten minutes, or all that the goals speak of."""

from enum import Enum
from functools import cache

from benchmarks import loops, stage, workload

PILOT = 3_000  # events: a few batches
QUICKLY = 0.4  # of the usual time


class Size(Enum):
    """`QUICK` checks ratios, `USUAL` measures them in ten minutes, `FULL` takes an hour."""

    QUICK = "quick"
    USUAL = "usual"
    FULL = "full"

    def of(self, quick: int, usual: int, full: int) -> int:
        """Return the number that belongs to this size."""
        return {Size.QUICK: quick, Size.USUAL: usual, Size.FULL: full}[self]

    def events(self, seconds: float, full: int) -> int:
        """Return how many events the shop applies here in so many seconds, if it is not `full`.

        There are servers that do ten times as much as others in that time.
        """
        if self is Size.FULL:
            return full
        share = QUICKLY if self is Size.QUICK else 1.0
        return min(max(round(share * seconds * pace() / 1000) * 1000, PILOT), full)


@cache
def pace() -> int:
    """Return about how many purchases a second the shop applies on these servers."""
    topic = stage.filled("pilot", workload.purchases(PILOT, customers=1000))
    with stage.empty_shop(topic):
        stage.stock(workload.products())
        return int(loops.shop().rate())
