"""What the system says about processes: who descends from whom, the memory they share out, the time they used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from msgspec import Struct


class Process(Struct, frozen=True):
    pid: int
    parent: int
    command: str


def running() -> list[Process]:
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, timeout=10, check=True
    )
    rows = (line.split(None, 2) for line in listing.stdout.splitlines())
    return [Process(int(row[0]), int(row[1]), row[2] if len(row) > 2 else "") for row in rows]


def family(root: int) -> list[Process]:
    """The process and all that descend from it, oldest generation first."""
    everybody = running()
    found = [process for process in everybody if process.pid == root]
    for member in found:  # grows while it is walked
        found += [process for process in everybody if process.parent == member.pid]
    return found


def memory(pids: list[int]) -> int:
    """Bytes: what belongs to these processes, shared pages shared out; the resident set where that is unknown."""
    return sum(_proportional(pid) if sys.platform == "linux" else _resident(pid) for pid in pids)


def resident(pids: list[int]) -> int:
    """Bytes in memory, shared pages counted for everybody: it does not move with what other programs share."""
    return sum(map(_resident, pids))


def cpu_seconds(pids: list[int]) -> float:
    """Processor time of these processes and of their collected children."""
    return sum(_ticks(pid) if sys.platform == "linux" else _shown_time(pid) for pid in pids)


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _resident(pid: int) -> int:
    return int(_ask_ps(pid, "rss") or 0) * 1024


def _ticks(pid: int) -> float:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, after_name[11:15])) / os.sysconf("SC_CLK_TCK")


def _shown_time(pid: int) -> float:
    seconds = 0.0
    for part in _ask_ps(pid, "time").replace("-", ":").split(":"):
        seconds = seconds * 60 + float(part or 0)
    return seconds


def _ask_ps(pid: int, column: str) -> str:
    shown = subprocess.run(
        ["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True, timeout=10, check=False
    )
    return shown.stdout.strip()
