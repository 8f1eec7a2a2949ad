"""Where a request may be made to go wrong on purpose, after it was admitted. Whoever decides it, a lab, is above."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.rest.request import Answer, Request

Trick: TypeAlias = Literal["error", "slow", "close", "lose"]


class Interference(Struct, frozen=True):
    """What goes wrong with a request, and by which rule."""

    trick: Trick
    fault_sid: str
    delay: timedelta = timedelta()
    status: int = 503


class Interferes(Protocol):
    """Whoever decides what goes wrong."""

    def touches(self, world_sid: str) -> bool:
        """Whether anything may go wrong in this world; asked every time, so it costs nothing."""
        ...

    async def decide(self, request: Request) -> Interference | None: ...


class HungUp(Exception):
    """The connection is to be closed without an answer; `answer` is the one that was to be, where the work was done."""

    def __init__(self, request: Request | None = None, answer: Answer | None = None) -> None:
        super().__init__("the connection is closed on purpose")
        self.request, self.answer = request, answer


async def suffered(
    struck: Interference, request: Request, operate: Callable[[Request], Awaitable[Answer]]
) -> Answer:
    """The answer all the same, late perhaps. Raises ApiError for an error in its stead, HungUp for none at all."""
    if struck.trick == "error":
        raise _error(struck.status)
    if struck.trick == "close":
        raise HungUp
    if struck.trick == "slow":
        await asyncio.sleep(struck.delay.total_seconds())
        return await operate(request)
    try:
        answer = await operate(request)
    except ApiError:
        raise HungUp from None
    raise HungUp(request, answer)


def _error(status: int) -> ApiError:
    if status == 429:
        return errors.too_many_requests()
    return errors.internal_server_error() if status == 500 else errors.service_unavailable()
