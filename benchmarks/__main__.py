"""`python -m benchmarks [--quick] [NAME...]`: measure, and print tables of ratios."""

import argparse
import importlib
import os
import sys
from pathlib import Path

import django

from benchmarks import asking, servers
from benchmarks.names import NAMES, QUICK


def main() -> int:
    """Run the benches that are named, or all; 1 if a quick run finds a ratio far below its goal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"({', '.join(NAMES)})")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help="small sizes; check the ratios")
    sizes.add_argument("--full", action="store_true", help="1,000,000 events; takes an hour")
    parser.add_argument("--plot", type=Path, help="where to draw cost against size, as SVG")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(NAMES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    servers.start(sys.argv[1:], quick=chosen.quick)
    asking.listen()
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    django.setup()
    # Its modules import the shop's models, which want the settings, and these the servers.
    runs, sizes_of = map(importlib.import_module, ("benchmarks.runs", "benchmarks.sizes"))
    names = chosen.names or (QUICK if chosen.quick else NAMES)
    size = "quick" if chosen.quick else "full" if chosen.full else "usual"
    code: int = runs.run(names, sizes_of.Size(size), chosen.plot)
    return code


if __name__ == "__main__":
    sys.exit(main())
