"""The clock of a world over REST: read, set, frozen, moved on, or left to those who wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from msgspec import Struct

from localloop.core import clock, errors
from localloop.core.clock import WorldTime
from localloop.lab import durations
from localloop.lab.steering import Steering
from localloop.rest.request import Binding, Item, Request

PATIENCE_S: Final = 20.0
_DAY: Final = timedelta(days=1) - timedelta(minutes=1)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


class Clocks(Struct, frozen=True):
    """`pass_days` does what is done at some time of each day, once days have passed in a world."""

    steering: Steering
    pass_days: Callable[[str], Awaitable[None]]


def bindings(clocks: Clocks) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="lab.v1.Clock",
            operations={
                "FetchClock": partial(fetch, clocks.steering),
                "UpdateClock": partial(update, clocks),
            },
        ),
    )


async def fetch(steering: Steering, request: Request) -> Item:
    return Item(fields=await _shown(steering, request.world_sid))


async def update(clocks: Clocks, request: Request) -> Item:
    """Change the mode first, then the time. Forward it goes by way of everything that is due, unless `Steps` is false,
    and the answer comes when that is done or `Patience` is over."""
    params, world_sid = request.params, request.world_sid
    mode = params.get("Mode")
    if mode == "real" and ("At" in params or "Advance" in params):
        raise errors.invalid_parameter("Mode", "A real clock cannot be set or advanced; offset can.")
    target = _target(request)
    if mode is not None:
        await clocks.steering.move(world_sid, _in_mode(mode, world_sid))
    if target is not None:
        await _go(clocks.steering, request, target)
    if clock.now(world_sid) - request.now > _DAY:
        await clocks.pass_days(world_sid)
    return await fetch(clocks.steering, request)


async def _go(steering: Steering, request: Request, target: datetime) -> None:
    world_sid, params = request.world_sid, request.params
    if target < clock.now(world_sid) or params.get("Steps") is False:
        await steering.move(world_sid, clock.world_time(world_sid).shows(target))
        return
    patience = params.get("Patience")
    await steering.advance(world_sid, target, PATIENCE_S if patience is None else float(patience))


def _target(request: Request) -> datetime | None:
    """What the clock is to show. Raises 400 for both `At` and `Advance`, and for what is no moment or span."""
    params = request.params
    at, advance = params.get("At"), params.get("Advance")
    if at is not None and advance is not None:
        raise errors.invalid_parameter("Advance", "Give At or Advance, not both.")
    if advance:
        try:
            at = clock.now(request.world_sid) + durations.parse(advance)
        except ValueError as error:
            raise errors.invalid_parameter("Advance", str(error)) from None
    if at is None:
        return None
    moment: datetime = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not _EARLIEST <= moment <= _LATEST:
        name = "Advance" if advance else "At"
        raise errors.invalid_parameter(name, f"A clock goes from {_EARLIEST:%Y} to {_LATEST:%Y}.")
    return moment.astimezone(UTC)


def _in_mode(mode: str, world_sid: str) -> WorldTime:
    """The same moment in another mode; a real clock shows real time."""
    now = clock.now(world_sid)
    if mode == "frozen":
        return clock.frozen(now)
    offset = now - clock.now()
    if abs(offset) < timedelta(milliseconds=1):
        offset = timedelta()
    return {
        "real": clock.REAL,
        "offset": clock.running(offset),
        "auto": clock.automatic(offset),
    }[mode]


async def _shown(steering: Steering, world_sid: str) -> dict[str, Any]:
    look = await steering.look(world_sid)
    time, real = clock.world_time(world_sid), clock.now()
    return {
        "mode": time.mode,
        "at": look.now,
        "offset": round((time.at(real) - real).total_seconds(), 3),
        "next_due": look.next_due,
        "is_busy": look.is_busy,
    }
