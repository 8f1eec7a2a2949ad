"""Waiting for something to be so in a world: a thing that matches, so many of them, or none.

What was there before the wait counts as well, so a test need not hurry; `Since` and `After` exclude what is older. How
long a wait lasts is real time, or the world's where its clock is automatic. Who waited in vain is told what came
closest, and why it did not match.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from msgspec import Struct

from localloop.core import clock, errors, sids
from localloop.core.errors import ApiError
from localloop.lab.matching import Match, MatchError, closest
from localloop.lab.patience import Patience, seconds_of
from localloop.lab.steering import Steering
from localloop.lab.surface.waits import key_of
from localloop.lab.things import KINDS, Kind, Scope, Span, Thing
from localloop.rest.request import Binding, Item, Request
from localloop.store import Database

NOTHING_CAME: Final = 20408  # our own code: Twilio has no long poll
_SHORTEST_S: Final = 0.004
_LONGEST_S: Final = 0.05
_SHARE: Final = 4  # looking may take a fifth of the time
_SHOWN: Final = 50


class Waits(Struct, frozen=True):
    database: Database
    patience: Patience
    steering: Steering


class Bounds(Struct, frozen=True):
    """How many shall match. Without a most the wait is over as soon as there are enough, with one when its time is."""

    least: int = 1
    most: int | None = None

    @property
    def words(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        if self.least == self.most:
            return f"exactly {self.least}"
        return f"{self.least} to {self.most}" if self.least else f"at most {self.most}"


class Wanted(Struct, frozen=True):
    """What a wait is for."""

    kind: Kind
    scope: Scope
    span: Span
    match: Match
    bounds: Bounds
    seconds: float


class Seen(Struct, frozen=True):
    """What a look found: those that match, of all."""

    matching: Sequence[Thing]
    things: Sequence[Thing]


def bindings(waits: Waits) -> tuple[Binding, ...]:
    return tuple(
        Binding(resource=key_of(kind), operations={f"Fetch{kind.name}Wait": partial(wait, waits, kind)})
        for kind in KINDS
    )


async def wait(waits: Waits, kind: Kind, request: Request) -> Item:
    """Those that match, newest first; 408 / 20408 with what came closest."""
    wanted = _wanted(kind, request)
    began = clock.now(request.world_sid)
    seen, is_met = await until(waits, wanted)
    if not is_met:
        raise await _unmet(waits, wanted, seen, began)
    return Item(
        fields={
            "kind": kind.name,
            "count": len(seen.matching),
            "items": [thing.shown() for thing in seen.matching[:_SHOWN]],
            "at": clock.now(request.world_sid),
        }
    )


async def until(waits: Waits, wanted: Wanted) -> tuple[Seen, bool]:
    """Look until it is so, can be so no more, or the time is over."""
    loop = asyncio.get_running_loop()
    pause = _SHORTEST_S
    async with waits.patience.wait(wanted.scope.world_sid, wanted.seconds, looks=True) as lasting:
        while True:
            # Before looking: what came until then is seen.
            is_over, asked = lasting.over.done(), lasting.asked
            began = loop.time()
            seen = await _look(waits.database, wanted)
            verdict = _verdict(len(seen.matching), wanted.bounds, is_over=is_over)
            if verdict is not None:
                return seen, verdict
            lasting.answered = asked
            has_leapt = await lasting.rest(max(pause, (loop.time() - began) * _SHARE))
            pause = _SHORTEST_S if has_leapt else min(pause * 1.3, _LONGEST_S)


def _verdict(count: int, bounds: Bounds, *, is_over: bool) -> bool | None:
    """None while it may still become so, or be so no more."""
    if bounds.most is not None and count > bounds.most:
        return False
    if is_over or (bounds.most is None and count >= bounds.least):
        return count >= bounds.least
    return None


async def _look(database: Database, wanted: Wanted) -> Seen:
    things = await wanted.kind.look(database, wanted.scope, wanted.span)
    return Seen([thing for thing in things if wanted.match.admits(thing.fields)], things)


# What is asked --------------------------------------------------------------------------------------------------


def _wanted(kind: Kind, request: Request) -> Wanted:
    params = request.params
    since = params.get("Since")
    return Wanted(
        kind=kind,
        scope=Scope(request.account_sid, request.world_sid),
        span=Span(since=since and _aware(since), after=_after(kind, params.get("After"))),
        match=_match(kind, params),
        bounds=_bounds(params),
        seconds=seconds_of(request.world_sid, params.get("Timeout")),
    )


def _aware(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _after(kind: Kind, sid: str | None) -> Any:
    if not sid:
        return None
    if not sids.is_sid(sid, *kind.prefixes):
        raise errors.invalid_parameter("After", f"It is the SID of a {kind.noun}.")
    return sids.uuid_of(sid)


def _bounds(params: Mapping[str, Any]) -> Bounds:
    exactly = params.get("Exactly")
    if exactly is not None:
        if "AtLeast" in params or "AtMost" in params:
            raise errors.invalid_parameter("Exactly", "Give AtLeast and AtMost, or Exactly.")
        return Bounds(exactly, exactly)
    most = params.get("AtMost")
    least = params.get("AtLeast", 1 if most is None else 0)
    if most is not None and least > most:
        raise errors.invalid_parameter("AtLeast", "It is more than AtMost.")
    return Bounds(least, most)


def _match(kind: Kind, params: Mapping[str, Any]) -> Match:
    """By the kind's own parameters, and by any other name as `Match=Name=value`."""
    asked: dict[str, list[str]] = {name: list(params[name]) for name in kind.fields if name in params}
    for pair in params.get("Match") or ():
        name, is_given, value = pair.partition("=")
        if not is_given or not name:
            raise errors.invalid_parameter("Match", "It is Name=value.")
        asked.setdefault(name, []).append(value)
    try:
        return Match.parse(asked, None if kind.has_more else kind.fields)
    except MatchError as error:
        raise errors.invalid_parameter(error.name, f"{error.reason}.") from None


# What is said when it did not come ---------------------------------------------------------------------------------


async def _unmet(waits: Waits, wanted: Wanted, seen: Seen, began: datetime) -> ApiError:
    near = None if seen.matching else closest(wanted.match, seen.things, lambda thing: thing.fields)
    details: dict[str, Any] = {
        "wanted": {name: list(values) for name, values in wanted.match.asked.items()},
        "count": len(seen.matching),
        "seen": len(seen.things),
        "matching": [thing.shown() for thing in seen.matching[:_SHOWN]],
    }
    lines = [_headline(wanted, seen)]
    if near is not None:
        thing, misses = near
        lines.append(f"Closest: {thing.sid}: {'; '.join(map(str, misses))}.")
        details["closest"] = thing.shown()
        details["misses"] = [{"name": m.name, "wanted": m.wanted, "got": m.got} for m in misses]
    elif not seen.things:
        lines.append(f"There was no {wanted.kind.noun} at all.")
    if len(seen.matching) < wanted.bounds.least:
        lines += await _outlook(waits, wanted.scope.world_sid, began)
    return ApiError(408, NOTHING_CAME, " ".join(lines), details)


def _headline(wanted: Wanted, seen: Seen) -> str:
    noun, asked = wanted.kind.noun, wanted.match
    such = f" with {asked}" if asked.wanted else ""
    count = len(seen.matching)
    if count and wanted.bounds.most is not None and count > wanted.bounds.most:
        return f"Wanted {wanted.bounds.words} {noun}{such}, but there were {count}."
    if wanted.bounds == Bounds():
        return f"No {noun}{such} came within {wanted.seconds:g} s."
    return f"Wanted {wanted.bounds.words} {noun}{such} within {wanted.seconds:g} s, but there were {count}."


async def _outlook(waits: Waits, world_sid: str, began: datetime) -> list[str]:
    """What a clock that stands still, or runs too slowly, keeps from coming."""
    look = await waits.steering.look(world_sid)
    mode = clock.world_time(world_sid).mode
    lines = []
    if look.next_due is not None:
        away = timedelta(seconds=round((look.next_due - look.now).total_seconds()))
        lines.append(
            f"The next thing is due in {away}, at {look.next_due:%Y-%m-%d %H:%M:%S} of the world's time."
        )
        if mode == "frozen":
            lines.append("Its clock is frozen: advance it.")
    elif look.is_busy:
        lines.append(f"Something is under way since {began:%H:%M:%S} or later.")
    return lines
