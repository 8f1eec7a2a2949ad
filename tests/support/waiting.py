"""Waiting for an answer that only a question shows, such as a row in a database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")

PATIENCE_S: Final = 20.0
# Questions without a break take the processor from what they wait for.
_BREAK_S: Final = 0.005


async def until(ask: Callable[[], Awaitable[T]], holds: Callable[[T], object] = bool) -> T:
    """The first answer that holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds(answer := await ask()):
            await asyncio.sleep(_BREAK_S)
    return answer
