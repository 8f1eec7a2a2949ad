"""`make bench`: both sides of every comparison in one run on this machine, as a table of ratios.

make bench ARGS="creates latency --seconds 3"
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    alive,
    calls,
    clock,
    conference,
    console,
    creates,
    footprint,
    intercept,
    latency,
    messages,
    pace,
    snapshots,
    tutorials,
    webhooks,
    worlds,
)
from benchmarks.instance import NotStarted
from benchmarks.table import NotRun, Row, not_run, rendered

RESULTS = Path(__file__).parent / "results"
Part = Callable[[float], list[Row]]
PARTS: Mapping[str, Part] = {
    "start": lambda _: footprint.cold_start(),
    "idle": lambda seconds: footprint.idle(seconds * 2),
    "latency": lambda seconds: latency.to_delivered(round(seconds * 20)),
    "creates": creates.against_peers,
    "messages": messages.end_to_end,
    "calls": calls.end_to_end,
    "calls-alive": alive.at_once,
    "long-calls": lambda seconds: alive.four_hours(round(seconds * 2)),
    "conference": conference.of_250,
    "pace": pace.with_many_senders,
    "queue": pace.long_queue,
    "growth": creates.as_history_grows,
    "console": console.with_a_feed,
    "records": console.with_records,
    "page": console.with_a_page,
    "intercept": intercept.against_the_port,
    "clock": lambda seconds: clock.far_ahead(round(seconds * 2)),
    "snapshots": lambda seconds: snapshots.of_worlds(max(3, round(seconds))),
    "tutorials": lambda _: tutorials.eight_tutorials(),
    "worlds": lambda _: worlds.two_hundred_tests(),
    "polls": lambda _: footprint.long_polls(),
    "webhooks": lambda seconds: [*webhooks.dispatch(seconds), *webhooks.one_that_hangs(seconds)],
}
_REASONS = (NotRun, NotStarted, OSError, TimeoutError, subprocess.SubprocessError)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all when none is named"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="of one measurement (default 10)")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    rows: list[Row] = []
    for name in asked.parts or PARTS:
        print(f"{name} …", flush=True)
        rows += _measure(name, asked.seconds)
    table = rendered(rows)
    print(f"\n{table}\n\nwritten to {_keep(table)}")


def _measure(name: str, seconds: float) -> list[Row]:
    try:
        return PARTS[name](seconds)
    except _REASONS as reason:
        return [not_run(name, " ".join(str(reason).split())[-300:] or type(reason).__name__)]


def _keep(table: str) -> Path:
    RESULTS.mkdir(exist_ok=True)
    moment = time.strftime("%Y-%m-%d-%H%M%S", time.gmtime())
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    file = RESULTS / f"{moment}.md"
    file.write_text(f"# {moment} UTC\n\n{machine}; durable database (fsync on)\n\n{table}\n", "utf-8")
    return file


if __name__ == "__main__":
    main()
