"""How long the files are that calls hear: each is looked into before it is played, if it is the application's own.

A file of the document's own host or of this machine is fetched as far as is needed to tell, under the guard of all that
leaves. What lies elsewhere is not asked for: a test that plays a file of the internet goes without the internet.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from localloop.products.voice.call.events import Measured
from localloop.products.voice.call.live import Asked
from localloop.products.voice.call.resource import Call
from localloop.telephony import audio
from localloop.webhooks import Download, NotDownloaded, Webhooks

WHY: Final = "play"
NOT_RETRIEVED: Final = 11200
NO_SOUND: Final = 12300  # "Invalid Content-Type"
_HEAD: Final = 128 * 1024
_REMEMBERED: Final = 1_024
_CONDITIONS: Final = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
_TEXTS: Final = ("text/", "application/json", "application/xml")


class Known(Struct, frozen=True):
    """A file as it was: how to ask whether it still is, and its length."""

    conditions: Mapping[str, str]
    seconds: float | None


class Files:
    """Of one process, which remembers what it has looked into."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._known: OrderedDict[tuple[str, str], Known] = OrderedDict()

    async def measured(self, asked: Asked, call: Call) -> Measured:
        """Without a length where none can be told; with a code where there is nothing to be heard."""
        place = call.account_sid, asked.url
        known = self._known.get(place)
        wanted = Download(
            url=asked.url,
            account_sid=call.account_sid,
            world_sid=call.world_sid,
            limit=_HEAD,
            headers=known.conditions if known is not None else {},
            resource_sid=call.sid,
        )
        times = int(asked.parameters.get("Loop", "1"))
        found = await self._webhooks.download(wanted)
        if isinstance(found, NotDownloaded):
            if found.status is None:  # nobody is there
                return Measured(asked.n, asked.url, times)
            code = found.failure.code or NOT_RETRIEVED
            return Measured(
                asked.n, asked.url, times, code=code, reason=f"the file was answered with {found.status}"
            )
        if known is not None and found.status == 304:
            self._known.move_to_end(place)
            return Measured(asked.n, asked.url, times, known.seconds)
        if found.content_type.lower().startswith(_TEXTS):
            return Measured(asked.n, asked.url, times, code=NO_SOUND, reason=f"it is {found.content_type}")
        seconds = audio.seconds_of(
            found.body, _size(found.headers, found.body, found.truncated), found.content_type
        )
        self._remember(place, Known(_conditions(found.headers), seconds))
        return Measured(asked.n, asked.url, times, seconds)

    def _remember(self, place: tuple[str, str], known: Known) -> None:
        if known.conditions:
            self._known[place] = known
            self._known.move_to_end(place)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def is_looked_into(url: str, document: str) -> bool:
    """`document` is the URL of what plays it; "" of what was given inline."""
    there = urlsplit(url)
    if there.scheme not in ("http", "https"):
        return False
    host = there.hostname or ""
    return host == urlsplit(document).hostname or _is_here(host)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _conditions(headers: Mapping[str, str]) -> dict[str, str]:
    return {ask: headers[name] for name, ask in _CONDITIONS.items() if headers.get(name)}


def _size(headers: Mapping[str, str], body: bytes, truncated: bool) -> int | None:
    if not truncated:
        return len(body)
    length = headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None
