"""`python -m tests.chaos --seconds N`: faults at random for so long, then a table of them.

It starts its own servers: SecantusDB, the embedded Kafka and, where Java and Maven are, an Apache
Kafka. Exit code 1 if anything was lost, doubled or wrong, or a process ended in a traceback.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from statistics import median

import django

RATE = 300  # events a second
FAULTS_A_ROUND = 14


@dataclass
class Row:
    """What came of one fault on one Kafka."""

    times: int = 0
    interrupted: int = 0
    recoveries: list[float] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    wrong: int = 0


Table = dict[tuple[str, str], Row]


def main() -> int:
    """Run the faults and print the table."""
    parser = argparse.ArgumentParser(description="Ill-treat the shop and look what is lost.")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "shopsite.settings"
    with tempfile.TemporaryDirectory(prefix="shop-chaos-local-") as local:
        os.environ["LOCAL_DIR"] = local  # where the secrets of this run lie
        django.setup()
        print(f"seed {arguments.seed}", flush=True)
        table, findings = _run(arguments.seconds, random.Random(arguments.seed))
    _show(table)
    print("\n".join(findings))
    return 1 if findings else 0


def _run(seconds: float, chance: random.Random) -> tuple[Table, list[str]]:
    from tests.chaos.servers import EmbeddedKafka, MongoServer, RealKafka  # noqa: PLC0415

    mongo = MongoServer()
    kafkas = [EmbeddedKafka(), *([] if RealKafka.missing() else [RealKafka()])]
    table: Table = {}
    findings: list[str] = []
    end, number = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < end:
            findings += _round(table, kafkas[number % len(kafkas)], mongo, chance, end)
            number += 1
    finally:
        for kafka in kafkas:
            kafka.close()
        mongo.close()
    return table, findings


def _round(table: Table, kafka, mongo, chance, end: float) -> list[str]:  # type: ignore[no-untyped-def]
    """Do some faults to one shop, let it come to rest, and look at everything."""
    from tests.chaos.audit import audit  # noqa: PLC0415
    from tests.chaos.faults import FAULTS, Shop  # noqa: PLC0415
    from tests.chaos.world import World  # noqa: PLC0415

    kind, rows = "Apache Kafka" if kafka.real else "embedded", list[Row]()
    with World(kafka, mongo) as world:
        shop = Shop(world, chance)
        with world.shoppers(rate=RATE, seed=chance.randrange(10**6)) as shoppers:
            for name in chance.sample(sorted(FAULTS), FAULTS_A_ROUND):
                rows.append(table.setdefault((name, kind), Row()))
                struck = FAULTS[name](shop)
                rows[-1].times += 1
                rows[-1].interrupted += struck.interrupted
                rows[-1].recoveries.append(struck.recovery)
                print(f"{kind}: {name}, {struck.recovery:.2f} s", flush=True)
                if time.monotonic() > end:
                    break
        world.catch_up()
        found = audit(world, shoppers.acknowledged)
        tracebacks = world.tracebacks()
        shop.close()
    print(f"{kind}: {found}", flush=True)
    for row in rows:  # what is found may be any one's work
        row.lost += len(found.lost)
        row.doubled += len(found.doubled)
        row.wrong += len(found.wrong)
    return ([] if found.clean else [str(found)]) + tracebacks


def _show(table: Table) -> None:
    print("\n| fault | Kafka | times | interrupted | goes on after p50, max | lost | doubled |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (name, kind), row in sorted(table.items()):
        if row.recoveries:
            after = f"{median(row.recoveries):.1f} s, {max(row.recoveries):.1f} s"
            counts = f"{row.times} | {row.interrupted} | {after} | {row.lost} | {row.doubled}"
            print(f"| {name} | {kind} | {counts} |")


if __name__ == "__main__":
    sys.exit(main())
