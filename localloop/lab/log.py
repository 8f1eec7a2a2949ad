"""The world's log: everything that happened in it, in order, as a list or as a stream of server-sent events.

A stream tells things a moment after they happened, for some are written down a little late, requests above all; and it
looks back a few seconds, so that what was still later comes out of order rather than never.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Final

import asyncpg
import orjson
import structlog
from msgspec import Struct

from localloop.core import clock, errors, sids
from localloop.lab.happenings import KINDS, LATEST, Happening, Part, newest
from localloop.lab.things import Scope
from localloop.rest.request import Answer, Binding, Items, PageRequest, Request, Stream
from localloop.store import Database, Unavailable

log = structlog.get_logger("lab")

EVENTS: Final = "text/event-stream"
_TICK_S: Final = 0.25
_SHARE: Final = 4  # looking may take a fifth of the time
_HEARTBEAT_S: Final = 15.0
_SETTLED: Final = timedelta(milliseconds=900)  # what is older is written down
_OVERLAP: Final = timedelta(seconds=10)
_MOST: Final = 500
_FILTERED: Final = 1000  # of each kind, where only those about one resource are wanted
_KEY: Final = re.compile(r"[0-9a-f]{35}")


class Asked(Struct, frozen=True):
    """Whose log, and what of it."""

    scope: Scope
    kinds: Sequence[str]
    resource_sid: str | None = None

    def admits(self, happening: Happening) -> bool:
        return self.resource_sid is None or happening.resource_sid == self.resource_sid


class Log:
    """Of all worlds. `end` ends every stream: the server is about to stop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._over = asyncio.Event()

    def end(self) -> None:
        self._over.set()

    def bindings(self) -> tuple[Binding, ...]:
        return (Binding(resource="lab.v1.Log", operations={"ListLog": self.read}),)

    async def read(self, request: Request) -> Answer:
        """Newest first; as a stream, what is new, the oldest first, from `After` or `Last-Event-ID` on."""
        params = request.params
        scope = Scope(request.account_sid, request.world_sid)
        asked = Asked(scope, params.get("Kind") or KINDS, params.get("ResourceSid"))
        if EVENTS in request.headers.get("accept", ""):
            after = params.get("After") or request.headers.get("last-event-id")
            begin = _key(after) if after else _key_of_now()
            return Stream(content_type=f"{EVENTS}; charset=utf-8", chunks=self._events(asked, begin))
        return await self._page(asked, request.page or PageRequest(), params.get("After"))

    async def _page(self, asked: Asked, page: PageRequest, after: str | None) -> Items:
        below = _key(page.after) if page.after else LATEST
        above = _key(after) if after else ""
        most = page.size + 1 if asked.resource_sid is None else _FILTERED
        part = Part(below, above, most)
        found = [
            each
            for each in await newest(self._database, asked.scope, part, asked.kinds)
            if asked.admits(each)
        ]
        return Items(
            items=[{**each.shown(), "at": each.at} for each in found[: page.size]],
            more=len(found) > page.size,
            earlier=page.after is not None,
        )

    async def _events(self, asked: Asked, begin: str) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        told: set[str] = set()
        floor, spoke = begin, loop.time()
        yield b"retry: 1000\n\n"
        while not self._over.is_set():
            began = loop.time()
            fresh = [each for each in await self._look(asked, floor) if each.key not in told]
            told.update(each.key for each in fresh)
            if fresh:
                spoke = loop.time()
                yield b"".join(map(_event, fresh))
            elif loop.time() - spoke >= _HEARTBEAT_S:
                spoke = loop.time()
                yield b": still here\n\n"
            floor = max(begin, _key_of_now(_OVERLAP))
            told = {key for key in told if key > floor}
            await self._rest(max(_TICK_S, (loop.time() - began) * _SHARE))

    async def _look(self, asked: Asked, floor: str) -> list[Happening]:
        """What is above the floor and settled, the oldest first."""
        part = Part(_key_of_now(_SETTLED), floor, _MOST)
        try:
            found = await newest(self._database, asked.scope, part, asked.kinds)
        except (Unavailable, TimeoutError, asyncpg.PostgresError) as error:
            log.warning("the log could not be read", error=str(error) or type(error).__name__)
            return []
        return [each for each in reversed(found) if asked.admits(each)]

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return


def _event(happening: Happening) -> bytes:
    data = orjson.dumps(happening.shown())
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (happening.key.encode(), happening.kind.encode(), data)


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise errors.invalid_page_token()
    return text


def _key_of_now(ago: timedelta = timedelta()) -> str:
    """Below every key of that moment, in real time."""
    return f"{sids.milliseconds_of(clock.now() - ago):012x}{0:023x}"
