"""The bytes of a file over HTTP, at an address that was signed: whole, or the part that is asked for (RFC 9110 §14)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs
from uuid import UUID

from msgspec import Struct

from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.products.messaging.media import queries, uploads
from localloop.products.messaging.media.addresses import Addresses
from localloop.rest import formats
from localloop.rest.wire import NEVER_A_PAGE, Head, Receive, Scope, Send, respond
from localloop.store import Unavailable
from localloop.store.objects import Objects

_PIECE: Final = 1024 * 1024
_YEAR_S: Final = 31_536_000
_SPAN: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


class File(Struct, frozen=True):
    """What is served."""

    object_id: UUID
    content_type: str
    size: int
    kept_s: int  # how long whoever asks may keep it


class Files:
    """An ASGI application for the paths below `addresses.PREFIX`."""

    def __init__(self, objects: Objects, addresses: Addresses) -> None:
        self._objects = objects
        self._addresses = addresses

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        head = Head(scope)
        try:
            if head.method not in ("GET", "HEAD"):
                raise errors.method_not_allowed()
            is_upload = head.path.startswith(uploads.PREFIX)
            await self._send(
                head, send, await (self._uploaded(head) if is_upload else self._of_message(head))
            )
        except ApiError as error:
            await _refuse(head, send, error)
        except Unavailable:
            await _refuse(head, send, errors.service_unavailable())

    async def _of_message(self, head: Head) -> File:
        """Also a file that was deleted since its address was signed is gone. Raises 404."""
        asked = parse_qs(head.query.decode("latin-1"))
        expires, proof = asked.get("Expires", [""])[-1], asked.get("Signature", [""])[-1]
        address = self._addresses.read(head.path, expires, proof)
        if address is None:
            raise errors.not_found(head.path)
        reader = self._objects.database
        left_s = address.left_s(await queries.world_of(reader, address.account_sid))
        for media in await queries.of_message(reader, address.account_sid, address.message_id):
            if media.id == address.media_id and media.object_id is not None and left_s:
                return File(media.object_id, media.content_type, media.size or 0, left_s)
        raise errors.not_found(head.path)

    async def _uploaded(self, head: Head) -> File:
        found = await uploads.find(self._objects.database, head.path.removeprefix(uploads.PREFIX))
        if found is None:
            raise errors.not_found(head.path)
        return File(found.object_id, found.content_type, found.size, _YEAR_S)

    async def _send(self, head: Head, send: Send, file: File) -> None:
        part = _part(head, file)
        if part.status not in (200, 206):
            await respond(send, head, part.status, b"", part.headers)
            return
        at = min(part.end, part.start + _PIECE)
        piece = await self._objects.read(file.object_id, part.start, at)
        if piece is None:
            raise errors.not_found(head.path)
        length = (b"content-length", b"%d" % (part.end - part.start))
        await send({"type": "http.response.start", "status": part.status, "headers": [*part.headers, length]})
        if head.method == "HEAD":
            piece, at = b"", part.end
        while at < part.end and piece:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            start, at = at, min(part.end, at + _PIECE)
            piece = await self._objects.read(file.object_id, start, at)
        await send({"type": "http.response.body", "body": piece or b""})


class Part(Struct, frozen=True):
    """What is answered: a status, headers, and which bytes."""

    status: int
    headers: list[tuple[bytes, bytes]]
    start: int = 0
    end: int = 0


def _part(head: Head, file: File) -> Part:
    size, etag = file.size, f'"{file.object_id.hex}"'
    headers = [
        (b"accept-ranges", b"bytes"),
        (b"etag", etag.encode()),
        (b"cache-control", b"private, max-age=%d" % file.kept_s),
        (b"cross-origin-resource-policy", b"cross-origin"),  # an application may show what it was sent
        *NEVER_A_PAGE,
    ]
    if head.header(b"if-none-match") == etag:
        return Part(304, headers)
    is_another = head.header(b"if-range") not in (None, etag)
    start, end = (0, size) if is_another else _span(head.header(b"range"), size)
    if start >= end and size:
        return Part(416, [*headers, (b"content-range", b"bytes */%d" % size)])
    headers.append((b"content-type", file.content_type.encode("latin-1", "replace")))
    if end - start == size:
        return Part(200, headers, start, end)
    return Part(206, [*headers, (b"content-range", b"bytes %d-%d/%d" % (start, end - 1, size))], start, end)


def _span(asked: str | None, size: int) -> tuple[int, int]:
    """From where to before where. What is no single range of bytes is no range at all; one past the end is empty."""
    found = _SPAN.fullmatch((asked or "").strip())
    if found is None or found[1] == found[2] == "":
        return 0, size
    if not found[1]:
        return max(0, size - int(found[2])), size
    start = int(found[1])
    end = min(size, int(found[2]) + 1) if found[2] else size
    if found[2] and int(found[2]) < start:
        return 0, size
    return start, end


async def _refuse(head: Head, send: Send, error: ApiError) -> None:
    body, content_type = formats.error(".json", error)
    headers: Sequence[tuple[bytes, bytes]] = [(b"content-type", content_type.encode())]
    await respond(send, head, error.status, body, headers)
