"""An event loop whose time stands still while anything happens, and jumps when nothing does.

Sockets are real, waiting is not: when no socket has anything to say for a moment, the loop's time is set to its next
timer. Fifteen seconds of a silent server take a moment, and take exactly fifteen seconds by `loop.time()`.
"""

from __future__ import annotations

import asyncio
import os
import selectors
from collections.abc import Callable
from typing import Any, Final

# How long the kernel may take to hand over what one socket of this process wrote to another.
_MOMENT_S: Final = 0.02 * float(os.environ.get("LOCALLOOP_TEST_SLACK", "1"))


class _Selector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    loop: JumpingLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)  # type: ignore[no-any-return]
        ready = super().select(_MOMENT_S)
        if not ready and not self.loop.threads:
            self.loop.now += timeout
        return ready  # type: ignore[no-any-return]


class JumpingLoop(asyncio.SelectorEventLoop):
    """Waits for threads (name look-ups) as others do."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.threads = 0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future = super().run_in_executor(executor, func, *args)
        self.threads += 1
        future.add_done_callback(self._returned)
        return future

    def _returned(self, _future: asyncio.Future[Any]) -> None:
        self.threads -= 1
