"""Real processes on one shared table, driven line by line: `python processes.py TABLE LIMITS`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec

from localloop.rest.admission import Admission, TooManyRequests
from localloop.rest.gate import Gate
from localloop.rest.limits import Limits
from localloop.rest.shared import SharedTable


class Process:
    """An api process as far as admission goes."""

    def __init__(self, table: Path, limits: Limits | None = None) -> None:
        encoded = msgspec.json.encode(limits or Limits()).decode()
        self._program = subprocess.Popen(
            [sys.executable, __file__, str(table), encoded],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, command: str) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(f"{command}\n")
        self._program.stdin.flush()

    def hear(self) -> str:
        assert self._program.stdout is not None
        return self._program.stdout.readline().strip()

    def ask(self, command: str) -> str:
        self.tell(command)
        return self.hear()

    def kill(self) -> None:
        self._program.kill()
        self.wait()

    def wait(self) -> None:
        for stream in (self._program.stdin, self._program.stdout):
            if stream is not None:
                stream.close()
        self._program.wait(timeout=30)


def _serve(table: SharedTable, folder: Path, limits: Limits) -> None:
    admission = Admission(table, limits)
    account_limits = limits.of("", "paced")
    commands: dict[str, Callable[[str], object]] = {
        "enter": lambda account: _enter(admission, account),
        "shut": lambda seconds: table.shut(float(seconds)),
        "reopen": lambda _: table.reopen(),
        "is_shut": lambda _: table.is_shut,
        "under_way": lambda account: Gate(cast(Any, None), table).under_way([account]),
        "many": lambda account: sum(_enter(admission, account) > 0 for _ in range(60)),
        "churn": lambda account: _churn(admission, folder, account),
        "leave": admission.leave,
        "paced": lambda account: sum(_enter(admission, account, account_limits) > 0 for _ in range(60)),
        "bump": lambda _: table.bump(),
        "current": lambda _: table.current(),
        "pid": lambda _: os.getpid(),
    }
    for line in sys.stdin:
        name, _, argument = line.strip().partition(" ")
        print(commands[name](argument), flush=True)


def _enter(admission: Admission, account: str, limits: tuple = ()) -> int:  # type: ignore[type-arg]
    """The number of the header, negative when refused."""
    try:
        return admission.enter(account, limits)
    except TooManyRequests as refusal:
        return -refusal.concurrent


def _churn(admission: Admission, folder: Path, account: str) -> int:
    """Comes and goes, taking one of two seats that the file system keeps; how often no seat was free."""
    standing = 0
    for _ in range(3000):
        if _enter(admission, account) > 0:
            seat = _take_seat(folder)
            if seat is None:
                standing += 1
            else:
                seat.unlink()
            admission.leave(account)
    return standing


def _take_seat(folder: Path) -> Path | None:
    for seat in (folder / "seat-1", folder / "seat-2"):
        try:
            os.close(os.open(seat, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        return seat
    return None


if __name__ == "__main__":
    table_path = Path(sys.argv[1])
    _serve(SharedTable(table_path), table_path.parent, msgspec.json.decode(sys.argv[2], type=Limits))
