"""A program that runs in our place: it has the terminal, hears our signals, and its end is ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Final

NOT_FOUND: Final = 127  # as shells say it
NOT_EXECUTABLE: Final = 126
_BY_SIGNAL: Final = 128
_PASSED_ON: Final = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


class Interrupted(BaseException):
    """A signal to end came while no program was running; what was started is to be stopped."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.status = _BY_SIGNAL + signum


class Signals:
    """What becomes of signals to us: before the program they end us, then they are its own, afterwards nobody's."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_starting = self._is_over = False
        self._early: list[int] = []
        for signum in _PASSED_ON:
            signal.signal(signum, self._on_signal)

    def run(self, command: Sequence[str], environ: Mapping[str, str]) -> int:
        """The exit status: the program's, or 128 and the signal that ended it."""
        self._is_starting = True
        try:
            self._process = subprocess.Popen(command, env=dict(environ))
        except FileNotFoundError:
            print(f"localloop: {command[0]}: not found", file=sys.stderr)
            return NOT_FOUND
        except OSError as error:
            print(f"localloop: {command[0]}: {error.strerror}", file=sys.stderr)
            return NOT_EXECUTABLE
        self._is_starting = False
        for signum in self._early:
            self._process.send_signal(signum)
        status = self._process.wait()
        self._is_over = True
        return _BY_SIGNAL - status if status < 0 else status

    def _on_signal(self, signum: int, _frame: FrameType | None) -> None:
        if self._is_over:
            return
        if self._is_starting:
            self._early.append(signum)
        elif self._process is None:
            if signum not in (signal.SIGUSR1, signal.SIGUSR2):
                raise Interrupted(signum)
        elif not (signum in (signal.SIGINT, signal.SIGQUIT) and _is_from_terminal()):
            self._process.send_signal(signum)


def _is_from_terminal() -> bool:
    """Whether the program has heard it already: a terminal tells its whole foreground group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
