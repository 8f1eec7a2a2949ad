"""Owner of the processes of one localloop: forks them, restarts what dies, stops all of them together.

Synchronous on purpose: a parent without an event loop and without threads may fork at any time, and its children
share the memory of everything that it imported.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

import structlog

log = structlog.get_logger("supervisor")
READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 12.0
RESTART_DELAY_S = 0.2
MAX_RESTART_DELAY_S = 5.0
STEADY_S = 10.0  # a process that lived this long starts again without delay


@dataclass
class Leash:
    """What ties a child to its supervisor: it says when it serves, and notices when the supervisor is gone."""

    ready_fd: int
    parent_fd: int  # readable (end of file) once the supervisor has died

    def ready(self) -> None:
        """To be called once, when the child serves."""
        os.write(self.ready_fd, b"1")
        os.close(self.ready_fd)


@dataclass
class Process:
    """One child: `run` is its whole life and is called in the forked process."""

    name: str
    run: Callable[[Leash], None]
    pid: int = 0
    started: float = 0.0
    delay: float = 0.0
    due: float = 0.0  # when to start it again, in monotonic seconds
    ready_fd: int = -1


class Companion(Protocol):
    """A program that is not forked from here but watched all the same: the embedded PostgreSQL."""

    def is_running(self) -> bool: ...

    def restart(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class Supervisor:
    processes: Sequence[Process]
    companion: Companion | None = None
    stopping: bool = False
    _wakeup: tuple[int, int] = field(default_factory=os.pipe)
    _lifeline: tuple[int, int] = field(default_factory=os.pipe)

    def start(self) -> bool:
        """Forks every process and waits until all of them serve; False when one died or took too long."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
            signal.signal(signum, self._on_signal)
        for end in self._wakeup:
            os.set_blocking(end, False)
        for process in self.processes:
            self._fork(process)
        return all(self._await_ready(process) for process in self.processes)

    def watch(self) -> None:
        """Returns when a signal asks to stop."""
        while not self.stopping:
            self._sleep(self._next_due())
            self._reap()
            self._revive()

    def stop(self) -> None:
        """SIGTERM to all, SIGKILL to whoever stays; the companion goes last, so that work in flight can be kept."""
        self.stopping = True
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._alive() and time.monotonic() < deadline:
            self._sleep(0.2)
            self._reap()
        self._signal_all(signal.SIGKILL)
        while self._alive():
            self._sleep(0.2)
            self._reap()
        if self.companion is not None:
            self.companion.stop()

    def _fork(self, process: Process) -> None:
        reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # a child's collector would write to, and so copy, the pages that it shares with us
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            os.close(self._lifeline[1])
            _child(process, Leash(writer, self._lifeline[0]))
        os.close(writer)
        process.pid, process.started, process.ready_fd = pid, time.monotonic(), reader
        log.debug("started", process=process.name, pid=pid)

    def _await_ready(self, process: Process) -> bool:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self.stopping and time.monotonic() < deadline:
            readable, _, _ = select.select([process.ready_fd, self._wakeup[0]], [], [], 0.5)
            if process.ready_fd in readable:
                said = os.read(process.ready_fd, 1)
                os.close(process.ready_fd)
                process.ready_fd = -1
                return said == b"1"
            self._drain()
        return False

    def _on_signal(self, signum: int, _frame: FrameType | None) -> None:
        if signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.stopping = True
        try:
            os.write(self._wakeup[1], b"!")
        except BlockingIOError:  # the pipe is full of wake-ups already
            return

    def _sleep(self, seconds: float) -> None:
        select.select([self._wakeup[0]], [], [], max(seconds, 0.0))
        self._drain()

    def _drain(self) -> None:
        try:
            while os.read(self._wakeup[0], 512):
                pass
        except BlockingIOError:
            return

    def _next_due(self) -> float:
        now = time.monotonic()
        waits = [process.due - now for process in self.processes if not process.pid]
        return min([1.0, *waits])

    def _alive(self) -> bool:
        return any(process.pid for process in self.processes)

    def _reap(self) -> None:
        for process in self.processes:
            if not process.pid:
                continue
            try:
                pid, status = os.waitpid(process.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = process.pid, 0
            if pid:
                self._note_death(process, status)

    def _note_death(self, process: Process, status: int) -> None:
        lived = time.monotonic() - process.started
        process.pid = 0
        process.delay = (
            0.0 if lived > STEADY_S else min(max(process.delay * 2, RESTART_DELAY_S), MAX_RESTART_DELAY_S)
        )
        process.due = time.monotonic() + process.delay
        if process.ready_fd >= 0:
            os.close(process.ready_fd)
            process.ready_fd = -1
        if not self.stopping:
            code = os.waitstatus_to_exitcode(status)
            log.warning("process ended, starting it again", process=process.name, exit_code=code)

    def _revive(self) -> None:
        if self.stopping:
            return
        if self.companion is not None and not self.companion.is_running():
            log.warning("PostgreSQL ended, starting it again")
            self.companion.restart()
        now = time.monotonic()
        for process in self.processes:
            if not process.pid and process.due <= now:
                self._fork(process)

    def _signal_all(self, signum: int) -> None:
        for process in self.processes:
            if process.pid:
                try:
                    os.kill(process.pid, signum)
                except ProcessLookupError:
                    continue


def _child(process: Process, leash: Leash) -> None:
    """The forked process: default signals, then its life. Never returns.

    Ctrl-C reaches the whole foreground group; only the supervisor acts on it, then stops the children in order.
    """
    for signum in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = 1
    try:
        process.run(leash)
        code = 0
    except Exception:  # the edge of a process
        log.exception("process failed", process=process.name)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
