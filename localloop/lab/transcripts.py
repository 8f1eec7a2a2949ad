"""What is heard and said on a phone's call, line by line: as a list, or as a stream of server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import orjson

from localloop.core import errors, sids
from localloop.lab.log import EVENTS
from localloop.products.voice import Voice
from localloop.rest.request import Answer, Items, PageRequest, Request, Stream
from localloop.store import Database
from localloop.telephony.simulated import handsets
from localloop.telephony.simulated.handsets import KeptLine, PhoneCall
from localloop.telephony.simulated.watch import CallWatch

LINE: Final = "LN"  # our own prefix: Twilio has no such thing
_LOOK_S: Final = 0.5  # a call's status is told by nobody
_HEARTBEAT_S: Final = 15.0


class Transcripts:
    """Of all worlds. `end` ends every stream: the server is about to stop."""

    def __init__(self, database: Database, voice: Voice, watch: CallWatch) -> None:
        self._database = database
        self._voice = voice
        self._watch = watch
        self._over = asyncio.Event()

    def end(self) -> None:
        self._over.set()

    async def lines(self, call: PhoneCall) -> list[Mapping[str, Any]]:
        """All of them."""
        return [shown(line) for line in await handsets.list_lines(self._database, call.world_sid, call.id)]

    async def read(self, request: Request, call: PhoneCall) -> Answer:
        """Oldest first, past `After`; as a stream also those to come, and the call's statuses, until it has ended."""
        if EVENTS in request.headers.get("accept", ""):
            after = line_id(request.params.get("After") or request.headers.get("last-event-id"))
            return Stream(content_type=f"{EVENTS}; charset=utf-8", chunks=self._events(call, after))
        page = request.page or PageRequest()
        after = line_id(page.after or request.params.get("After"))
        found = await handsets.list_lines(self._database, call.world_sid, call.id, after, page.size + 1)
        return Items(
            items=[shown(line) for line in found[: page.size]],
            more=len(found) > page.size,
            earlier=after is not None,
        )

    async def _events(self, call: PhoneCall, after: UUID | None) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        status, spoke = "", loop.time()
        yield b"retry: 1000\n\n"
        async with self._watch.told() as told:
            while not self._over.is_set():
                told.clear()
                now = await self._voice.call(call.account_sid, call.id)
                for line in await handsets.list_lines(self._database, call.world_sid, call.id, after):
                    after, spoke = line.id, loop.time()
                    yield _event("line", shown(line), sids.from_uuid(LINE, line.id))
                if now is None:
                    return
                if now.status != status:
                    status, spoke = now.status, loop.time()
                    yield _event("status", {"status": status})
                if now.has_ended:
                    return
                if loop.time() - spoke >= _HEARTBEAT_S:
                    spoke = loop.time()
                    yield b": still here\n\n"
                with suppress(TimeoutError):
                    await asyncio.wait_for(told.wait(), _LOOK_S)


def shown(line: KeptLine) -> Mapping[str, Any]:
    return {
        "sid": sids.from_uuid(LINE, line.id),
        "kind": line.kind,
        "text": line.body,
        "seconds": line.seconds,
        "at": line.at,
    }


def _event(kind: str, fields: Mapping[str, Any], sid: str = "") -> bytes:
    begin = f"id: {sid}\nevent: {kind}" if sid else f"event: {kind}"
    return b"%b\ndata: %b\n\n" % (begin.encode(), orjson.dumps(dict(fields)))


def line_id(sid: str | None) -> UUID | None:
    if not sid:
        return None
    if not sids.is_sid(sid, LINE):
        raise errors.invalid_page_token()
    return sids.uuid_of(sid)
