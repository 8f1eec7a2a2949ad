"""Programs under `localloop run`, to their end or going on."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from installed import COMMAND, Home

from localloop.cli import running

WITHIN_S = 120


def environment(home: Home, **more: str) -> dict[str, str]:
    return {
        **home.environment,
        "LOCALLOOP_PORT": "0",
        "PATH": f"{COMMAND.rpartition('/')[0]}:{os.environ['PATH']}",
    } | more


def run(home: Home, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "run", *arguments],
        env=environment(home, **more),
        cwd=home.folder,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def note(home: Home) -> running.Running | None:
    return running.read(home.folder / "state" / "localloop")


class Started:
    """A `localloop run` that goes on; what it says comes line by line."""

    def __init__(self, home: Home, *arguments: str, **more: str) -> None:
        self.process = subprocess.Popen(
            [COMMAND, "run", *arguments],
            env=environment(home, **more),
            cwd=home.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.said = ""

    def until(self, pattern: str) -> re.Match[str]:
        deadline = time.monotonic() + WITHIN_S
        assert self.process.stdout is not None
        while not (found := re.search(pattern, self.said, re.MULTILINE)):
            with selectors.DefaultSelector() as selector:
                selector.register(self.process.stdout, selectors.EVENT_READ)
                assert selector.select(max(0.0, deadline - time.monotonic())), self.said
            part = os.read(self.process.stdout.fileno(), 65536)
            assert part, self.said
            self.said += part.decode()
        return found

    def end(self, signum: int = signal.SIGTERM) -> int:
        self.process.send_signal(signum)
        return self.process.wait(WITHIN_S)


@contextmanager
def started(home: Home, *arguments: str, **more: str) -> Iterator[Started]:
    program = Started(home, *arguments, **more)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.send_signal(signal.SIGTERM)
            program.process.wait(WITHIN_S)
        assert program.process.stdout is not None
        program.process.stdout.close()
