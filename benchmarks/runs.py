"""Which benches there are, and running them one after another."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import report, servers, throughput
from benchmarks.report import Table

Bench = Callable[[bool], Table]

BENCHES: dict[str, Bench] = {"throughput": throughput.run}


def run(names: Iterable[str], *, quick: bool, plot: Path | None) -> int:
    """Run benches and print what they found; 1 if a quick run finds something far off its goal."""
    print(f"Measured on {servers.described()}.", flush=True)
    failed = False
    for name in names:
        table = BENCHES[name](quick)
        print(f"\n{report.markdown(table)}", flush=True)
        failed |= quick and any(row.far_off for row in table.rows)
    if failed:
        print("Some ratio is far off its goal.", file=sys.stderr)
    return int(failed)
