"""Answers without an end: what comes is sent on, until the client has gone or the server is about to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final

import structlog
from msgspec import Struct

from localloop.rest.wire import Receive, Send

log = structlog.get_logger("rest")
_SEND_TIMEOUT_S: Final = 60.0


class Opening(Struct, frozen=True):
    """What is sent before the first chunk."""

    status: int
    headers: Iterable[tuple[bytes, bytes]]
    request_sid: str


async def stream(receive: Receive, send: Send, opening: Opening, chunks: AsyncIterator[bytes]) -> None:
    """Sends each chunk as it comes; who takes nothing for a minute is left."""
    request_id = (b"twilio-request-id", opening.request_sid.encode())
    lines = [*opening.headers, request_id, (b"cache-control", b"no-store")]
    await _send(send, {"type": "http.response.start", "status": opening.status, "headers": lines})
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(_send_all(send, chunks))
        leaving = group.create_task(_gone(receive))
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        sending.cancel()
        leaving.cancel()


async def _send_all(send: Send, chunks: AsyncIterator[bytes]) -> None:
    try:
        async for chunk in chunks:
            await _send(send, {"type": "http.response.body", "body": chunk, "more_body": True})
        await _send(send, {"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        log.info("a reader of a stream takes nothing any more")


async def _send(send: Send, message: dict[str, object]) -> None:
    async with asyncio.timeout(_SEND_TIMEOUT_S):
        await send(message)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
