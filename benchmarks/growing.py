"""What an event costs when many stand before it, and the memory that the consumer holds."""

import time

from benchmarks import loops, past, processes, stage, throughput, workload
from benchmarks.measuring import Spread, in_turn, ratios, spread
from benchmarks.report import Row, Table
from benchmarks.sizes import Size

CUSTOMERS = 10
MOST_MEMORY = 150.0  # MB


def run(size: Size) -> Table:
    """Compare events behind few others with events behind many."""
    sizes = (10, 100) if size is Size.QUICK else (10, 100, 1000)
    table = _by_size(sizes, size.events(3, 30_000), size.of(60, 60, 600))
    return table._replace(rows=[*table.rows, *_long(size.events(15, 1_000_000))])


def _by_size(sizes: tuple[int, ...], events: int, slowly: int) -> Table:
    many = stage.filled("many", workload.purchases(events, customers=CUSTOMERS))
    few = stage.filled("few", workload.purchases(slowly, customers=CUSTOMERS))

    def shop(held: int) -> float:
        with stage.empty_shop(many):
            stage.stock(workload.products())
            stage.stock(past.purchases(held * CUSTOMERS, CUSTOMERS))
            return 1e6 / loops.shop().rate()

    things = {f"shop, {held:,}": lambda held=held: shop(held) for held in sizes}
    singly = {f"one by one, {n:,}": throughput.singly(few, n) for n in sizes}
    costs = in_turn(things, 3)
    costs |= {name: [1e6 / one for one in rates] for name, rates in in_turn(singly, 3).items()}
    rows = [_row(costs, "shop", sizes, 1.1), _row(costs, "one by one", sizes, None)]
    curves = {
        kind: [(held, spread(costs[f"{kind}, {held:,}"]).median) for held in sizes]
        for kind in ("shop", "one by one")
    }
    return Table("growth: purchases that each customer has", "µs an event", rows, curves=curves)


def _row(
    costs: dict[str, list[float]], kind: str, sizes: tuple[int, ...], goal: float | None
) -> Row:
    last, first = (f"{kind}, {held:,}" for held in (sizes[-1], sizes[0]))
    told = spread(costs[last]), spread(costs[first])
    return Row(last, first, ratios(costs[last], costs[first]), goal, told, at_most=True)


def _long(total: int) -> list[Row]:
    """Consume a long topic in a process of its own; compare its end with its beginning."""
    topic = stage.filled("long", workload.purchases(total, customers=1000))
    with stage.empty_shop(topic):
        stage.stock(workload.products())
        looks: list[tuple[float, int, float]] = []
        with processes.manage("consume", "--alone") as process:
            while not looks or looks[-1][1] < total:
                time.sleep(0.05)
                done = processes.applied(), processes.memory_of(process)
                looks.append((time.perf_counter(), *done))
    return [*_costs(looks, total), *_memories(looks, total)]


def _costs(looks: list[tuple[float, int, float]], total: int) -> list[Row]:
    def cost(first: float, last: float) -> Spread:
        part = [(at, done) for at, done, _ in looks if first * total <= done <= last * total]
        return spread([1e6 * (part[-1][0] - part[0][0]) / (part[-1][1] - part[0][1])])

    late, early = cost(0.7, 1.0), cost(0.02, 0.32)
    ratio = spread([late.median / early.median])
    name = f"shop, last 30% of {total:,}"
    return [Row(name, "30% near the start", ratio, 1.1, (late, early), at_most=True)]


def _memories(looks: list[tuple[float, int, float]], total: int) -> list[Row]:
    late = max(memory for _, done, memory in looks if done > 0.7 * total)
    early = max(memory for _, done, memory in looks if 0 < done <= 0.3 * total)
    told = spread([late]), spread([early])
    grown = Row("memory at the end, MB", "at 30%", spread([late / early]), 1.1, told, at_most=True)
    limit = spread([late / MOST_MEMORY]), (spread([late]), spread([MOST_MEMORY]))
    return [grown, Row("memory at the end, MB", "150 MB", limit[0], 1.0, limit[1], at_most=True)]
