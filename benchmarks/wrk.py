"""HTTP load by wrk, with the Lua scripts beside this file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from benchmarks.instance import BASIC
from benchmarks.table import NotRun

FOLDER = Path(__file__).parent


class Load(Struct, frozen=True):
    requests: int
    failed: int
    seconds: float
    median_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Of answers below 400."""
        return (self.requests - self.failed) / self.seconds


def create(
    url: str,
    seconds: float,
    connections: int = 64,
    *,
    senders: int = 20,
    form: Mapping[str, str] | None = None,
) -> Load:
    """Creates from so many senders, each with these further parameters."""
    more = "".join(f"&{name}={quote(value, safe='')}" for name, value in (form or {}).items())
    return _run("create.lua", url, seconds, connections, BENCH_SENDERS=str(senders), BENCH_FORM=more)


def read(url: str, seconds: float, connections: int = 16) -> Load:
    return _run("read.lua", url, seconds, connections)


def _run(script: str, url: str, seconds: float, connections: int, **told: str) -> Load:
    program = shutil.which("wrk")
    if program is None:
        raise NotRun("wrk is missing")
    command = [
        *(program, "-t2", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"),
        *("-s", str(FOLDER / script), url),
    ]
    environment = os.environ | {"BENCH_AUTHORIZATION": BASIC} | told
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=seconds + 60, check=False
    )
    result = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    if result is None:
        raise NotRun(f"wrk failed: {(done.stderr or done.stdout).strip()[-200:]}")
    requests, failed, microseconds, median, p99 = result.split()[1:]
    return Load(int(requests), int(failed), float(microseconds) / 1e6, float(median), float(p99))
