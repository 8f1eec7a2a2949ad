"""Where what leaves may be made to go wrong on purpose. Whoever decides it, a lab, is above."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from time import perf_counter
from typing import Any, Final, Literal, Protocol, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from multidict import CIMultiDict, CIMultiDictProxy

from localloop.core.sids import new_secret
from localloop.webhooks import failure
from localloop.webhooks.connector import Timings
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.outbound import Outgoing, Response, compose

Trick: TypeAlias = Literal["drop", "delay", "duplicate", "reorder", "signature", "error"]
OF_NOTIFICATIONS: Final[frozenset[Trick]] = frozenset({"drop", "delay", "duplicate", "reorder", "signature"})
OF_INSTRUCTIONS: Final[frozenset[Trick]] = frozenset({"drop", "delay", "duplicate", "signature"})
OF_FILES: Final[frozenset[Trick]] = frozenset({"drop", "delay", "error"})
OF_REPETITIONS: Final[frozenset[Trick]] = frozenset({"drop", "signature"})  # within one exchange


class Disturbance(Struct, frozen=True):
    """What goes wrong with one attempt, and by which rule. `delay` is for those that come late, `status` for errors."""

    trick: Trick
    fault_sid: str
    delay: timedelta = timedelta()
    status: int = 0


class Going(Struct, frozen=True, kw_only=True):
    """One attempt that is about to be made."""

    world_sid: str
    account_sid: str
    resource_sid: str
    params: Mapping[str, Any]
    url: str
    attempt: int
    is_file: bool = False
    is_instruction: bool = False


class Disturbs(Protocol):
    """Whoever decides what goes wrong."""

    def touches(self, world_sid: str) -> bool:
        """Whether anything may go wrong in this world; asked every time, so it costs nothing."""
        ...

    async def decide(self, going: Going, tricks: frozenset[Trick]) -> Disturbance | None: ...


# The number of an attempt within its exchange → what happens to it.
Tamper: TypeAlias = Callable[[int], Awaitable[Disturbance | None]]


def tamper(by: Disturbs, going: Going, first: Disturbance | None) -> Tamper:
    """For an exchange whose first attempt is decided already."""

    async def decide(number: int) -> Disturbance | None:
        if number == 1:
            return first
        return await by.decide(replace(going, attempt=going.attempt + number - 1), OF_REPETITIONS)

    return decide


async def suffered(struck: Disturbance, outgoing: Outgoing, budget_s: float) -> Outgoing | Response:
    """The request as it is to be made all the same, or what comes in its stead. Raises Failure where nothing does."""
    named = f"by the fault {struck.fault_sid}"
    if struck.trick == "drop":
        raise Failure(failure.CONNECTION_FAILURE, f"the request was dropped {named}", Stage.READ)
    if struck.trick == "signature":
        return replace(outgoing, token=new_secret())
    if struck.trick == "error":
        return _answer(struck.status, outgoing)
    if struck.trick == "delay":
        late_s = struck.delay.total_seconds()
        if late_s >= budget_s:
            raise Failure(failure.TOTAL_TIMEOUT, f"the request was held up {named}", Stage.TOTAL)
        await asyncio.sleep(late_s)
    return outgoing


def _answer(status: int, outgoing: Outgoing) -> Response:
    return Response(
        status=status,
        headers=CIMultiDictProxy(CIMultiDict({"Content-Type": "text/plain"})),
        body=b"",
        truncated=False,
        sent=compose(outgoing),
        timings=Timings(perf_counter()),
        jar=outgoing.jar,
    )
