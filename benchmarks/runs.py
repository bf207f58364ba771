"""Which benches there are, and running them one after another."""

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import (
    catching_up,
    growing,
    latency,
    load,
    pages,
    plot,
    publishing,
    report,
    scale,
    servers,
    throughput,
    web,
)
from benchmarks.report import Table
from benchmarks.sizes import Size

BENCHES: dict[str, Callable[[Size], Table]] = {
    "throughput": throughput.run,
    "growth": growing.run,
    "catching-up": catching_up.run,
    "replay": catching_up.replay,
    "latency": latency.run,
    "publishing": publishing.run,
    "web": web.run,
    "load": load.run,
    "pages": pages.run,
    "scale-out": scale.run,
    "seed": scale.seed,
}


def run(names: Iterable[str], size: Size, drawn: Path | None) -> int:
    """Run benches and print what they found; 1 if a quick run finds something far off its goal."""
    print(f"Measured on {servers.described()}.", flush=True)
    failed = False
    for name in names:
        start = time.monotonic()
        table = BENCHES[name](size)
        print(f"\n{report.markdown(table)}", flush=True)
        print(f"\n`{name}` took {time.monotonic() - start:.0f} s.", flush=True)
        failed |= size is Size.QUICK and any(row.far_off for row in table.rows)
        if drawn and table.curves:
            drawn.write_text(plot.svg(table.curves))
    if failed:
        print("Some ratio is far off its goal.", file=sys.stderr)
    return int(failed)
