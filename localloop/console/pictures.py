"""Pictures that a reader attaches to a text from a phone: kept with the media of messages, and found by the application
under an address that nobody can guess.

What a picture is, its first bytes say, not its sender; nothing but pictures is taken, and none is ever a page.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from localloop.console.gate import DATA_CSP
from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.products.messaging.media import uploads
from localloop.rest.wire import Head, read_body
from localloop.store.objects import Objects

PREFIX: Final = "/console/pictures/"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{32}\.(?:jpg|png|gif|webp)")
_TYPES: Final = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
_BEGINNINGS: Final = (
    (re.compile(rb"\xff\xd8\xff"), "jpg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "png"),
    (re.compile(rb"GIF8[79]a"), "gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "webp"),
)
_HEADERS: Final = {
    "cache-control": "private, max-age=31536000, immutable",
    "content-security-policy": DATA_CSP,
    "cross-origin-resource-policy": "cross-origin",  # an application may show what it was sent
}


class Pictures:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def keep(self, request: Request, account_sid: str) -> str:
        """The path of the picture in the body. Raises ApiError 413 past 1 MiB, 415 for what is no picture."""
        content = await read_body(Head(request.scope), request.receive)
        kind = next((kind for beginning, kind in _BEGINNINGS if beginning.match(content)), None)
        if kind is None:
            raise ApiError(415, 12300, "This is no JPEG, PNG, GIF or WebP picture.")
        kept = await uploads.keep(self._objects, account_sid, content, _TYPES[kind], f".{kind}")
        return PREFIX + kept.name

    async def answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        found = await uploads.find(self._objects.database, name) if _NAME.fullmatch(name) else None
        content = await self._objects.read(found.object_id) if found is not None else None
        if found is None or content is None:
            raise errors.not_found(request.url.path)
        return Response(content, headers=_HEADERS, media_type=found.content_type)
