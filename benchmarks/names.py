"""The names of the benches; `benchmarks.runs`, which needs the settings, has what they run."""

NAMES = (
    "throughput",
    "growth",
    "catching-up",
    "replay",
    "latency",
    "publishing",
    "web",
    "load",
    "pages",
    "scale-out",
    "seed",
)
# What `--quick` runs in two minutes when no bench is named.
QUICK = ("throughput", "latency", "seed")
