"""Twilio's attempts at one URL: the first, and the retries that its connection overrides ask for, within 15 seconds."""

from __future__ import annotations

from datetime import datetime
from time import perf_counter
from typing import Final

from msgspec import Struct

from localloop.core import clock
from localloop.webhooks import failure
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.outbound import Outbound, Outgoing, Response
from localloop.webhooks.overrides import Overrides
from localloop.webhooks.tampering import Tamper, suffered
from localloop.webhooks.target import shown

TOTAL_S: Final = 15.0


class Attempt(Struct, frozen=True):
    """One attempt and what came of it."""

    number: int  # from 1
    url: str
    method: str
    at: datetime  # in the world's time
    duration_ms: int
    outcome: Response | Failure
    outgoing: Outgoing | None = None  # None: the URL is none, so nothing was sent
    fault: str = ""  # the rule by which it went wrong on purpose

    @property
    def failure(self) -> Failure | None:
        """Why this attempt failed; None when it was answered 2xx."""
        if isinstance(self.outcome, Failure):
            return self.outcome
        if 200 <= self.outcome.status < 300:
            return None
        detail = f"got HTTP {self.outcome.status} response to {self.outcome.url}"
        return Failure(failure.RETRIEVAL_FAILURE, detail, Stage.BODY)


async def attempt(
    outbound: Outbound, outgoing: Outgoing, world_sid: str = "", tamper: Tamper | None = None
) -> list[Attempt]:
    """Every attempt, at least one; the last one's outcome is the outcome."""
    exchange = _Exchange(outbound, world_sid, tamper)
    overrides = outgoing.target.overrides
    ends = perf_counter() + min(overrides.total_ms / 1000, TOTAL_S)
    made: list[Attempt] = []
    while True:
        made.append(await _one(exchange, outgoing, len(made) + 1, ends))
        if len(made) > overrides.retries or perf_counter() >= ends:
            return made
        if not _is_retried(made[-1], overrides):
            return made


def impossible(url: str, method: str, error: Failure, world_sid: str = "") -> list[Attempt]:
    """The attempt at a URL that cannot be asked."""
    return [Attempt(1, shown(url), method, clock.now(world_sid), 0, error)]


class _Exchange(Struct, frozen=True):
    """Who asks, in which world, and what goes wrong on purpose."""

    outbound: Outbound
    world_sid: str
    tamper: Tamper | None


async def _one(exchange: _Exchange, outgoing: Outgoing, number: int, ends: float) -> Attempt:
    at = clock.now(exchange.world_sid)
    struck = None if exchange.tamper is None else await exchange.tamper(number)
    began = perf_counter()
    outcome: Response | Failure
    try:
        going = outgoing if struck is None else await suffered(struck, outgoing, ends - began)
        if isinstance(going, Response):
            outcome = going
        else:
            outcome = await exchange.outbound.request(going, budget_s=ends - perf_counter())
    except Failure as error:
        outcome = error
    duration_ms = round((perf_counter() - began) * 1000)
    fault = "" if struck is None else struck.fault_sid
    return Attempt(number, outgoing.target.text, outgoing.method, at, duration_ms, outcome, outgoing, fault)


def _is_retried(last: Attempt, overrides: Overrides) -> bool:
    if isinstance(last.outcome, Failure):
        return last.outcome.stage.value in overrides.retry_on
    return f"{last.outcome.status // 100}xx" in overrides.retry_on
