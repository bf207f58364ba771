"""Which benches there are, and running them one after another."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import (
    catching_up,
    growing,
    latency,
    pages,
    plot,
    report,
    scale,
    servers,
    throughput,
    web,
)
from benchmarks.report import Table

BENCHES: dict[str, Callable[[bool], Table]] = {
    "throughput": throughput.run,
    "growth": growing.run,
    "catching-up": catching_up.run,
    "replay": catching_up.replay,
    "latency": latency.run,
    "web": web.run,
    "pages": pages.run,
    "scale-out": scale.run,
    "seed": scale.seed,
}


def run(names: Iterable[str], *, quick: bool, drawn: Path | None) -> int:
    """Run benches and print what they found; 1 if a quick run finds something far off its goal."""
    print(f"Measured on {servers.described()}.", flush=True)
    failed = False
    for name in names:
        table = BENCHES[name](quick)
        print(f"\n{report.markdown(table)}", flush=True)
        failed |= quick and any(row.far_off for row in table.rows)
        if drawn and table.curves:
            drawn.write_text(plot.svg(table.curves))
    if failed:
        print("Some ratio is far off its goal.", file=sys.stderr)
    return int(failed)
