"""The files of a message are fetched before it is sent, and kept; one that cannot be had fails the message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock, errors
from localloop.products.messaging.media import queries, rules, settings
from localloop.products.messaging.media.cache import Copies, Copy
from localloop.products.messaging.media.resource import Media
from localloop.products.messaging.message.load import Loaded
from localloop.products.messaging.message.resource import Message
from localloop.store.objects import Lost, Objects
from localloop.webhooks import Alert, Download, Downloaded, NotDownloaded, Webhooks

log = logging.getLogger(__name__)

AT_ONCE: Final = 16  # files in memory
NO_TYPE: Final = "it names no Content-Type"


class Unfit(Struct, frozen=True):
    """Why a message cannot be sent, and what the Debugger is told."""

    code: int
    alert: Alert


class Shortfall(Struct, frozen=True):
    """One file that will not do."""

    code: int
    url: str
    reason: str
    status: int | None = None
    exchange: Mapping[str, Any] | None = None


class Fetching:
    """Fetches for the worker of one process."""

    def __init__(self, objects: Objects, webhooks: Webhooks) -> None:
        self._objects = objects
        self._webhooks = webhooks
        self._copies = Copies()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def fetched(self, loaded: Loaded) -> Loaded | Unfit:
        """The message with all its files here, or why it fails."""
        message = loaded.message
        while missing := await self._missing(loaded):
            got: list[Media] = []
            for media in missing:
                found = await self._one(media, message, message.to)
                if isinstance(found, Unfit):
                    return found
                got.append(found)
            code = rules.refusal_of_all(message.to, [each.size or 0 for each in got])
            if code is not None:
                return _unfit(message, Shortfall(code, got[-1].url, errors.title(code)))
            if await self._keep(message, got):
                return _having(loaded, got)
        return loaded

    async def brought(self, loaded: Loaded) -> Loaded:
        """The same of a text from a phone, which comes whatever became of its pictures: those stay where they are."""
        message = loaded.message
        got: list[Media] = []
        for media in await self._missing(loaded):
            found = await self._one(media, message, "")
            if isinstance(found, Unfit):
                log.warning("a picture from a phone stays where it is: %s", found.alert.reason)
            elif await self._keep(message, [found]):
                got.append(found)
        return _having(loaded, got)

    async def _missing(self, loaded: Loaded) -> list[Media]:
        """The files that are to be fetched."""
        message = loaded.message
        missing = [media for media in loaded.media if media.object_id is None]
        if not missing:
            return []
        held = await settings.of_account(self._objects.database, message.account_sid, message.world_sid)
        return missing if held.media_fetch else []

    async def _keep(self, message: Message, got: list[Media]) -> bool:
        """False when a copy that we had was let go meanwhile: it is not used again."""
        try:
            async with self._objects.database.unit() as unit:
                await queries.have(unit, got, clock.now(message.world_sid))
        except Lost:
            for each in got:
                self._copies.forget(each.account_sid, each.url)
            return False
        return True

    async def _one(self, media: Media, message: Message, to: str) -> Media | Unfit:
        known = self._copies.find(media.account_sid, media.url)
        if known is not None and known.is_fresh:
            return _with(media, known)
        async with self._places:
            answer = await self._webhooks.download(
                Download(
                    url=media.url,
                    account_sid=media.account_sid,
                    world_sid=message.world_sid,
                    limit=rules.largest(to),
                    headers=known.conditions if known is not None else {},
                    resource_sid=message.sid,
                )
            )
            if isinstance(answer, NotDownloaded):
                return _failed(message, to, answer)
            if answer.status == 304 and known is not None:
                return _with(media, self._copies.note(media.account_sid, media.url, known, answer.headers))
            wrong = _wrong(message, to, answer)
            if wrong is not None:
                return wrong
            object_id = await self._objects.write(answer.body)
        copy = Copy(object_id, rules.essence(answer.content_type), len(answer.body))
        return _with(media, self._copies.note(media.account_sid, media.url, copy, answer.headers))


def _having(loaded: Loaded, got: list[Media]) -> Loaded:
    by_id = {each.id: each for each in got}
    return replace(loaded, media=tuple(by_id.get(each.id, each) for each in loaded.media))


def _with(media: Media, copy: Copy) -> Media:
    return replace(media, content_type=copy.content_type, object_id=copy.object_id, size=copy.size)


def _wrong(message: Message, to: str, answer: Downloaded) -> Unfit | None:
    size = rules.largest(to) + 1 if answer.truncated else len(answer.body)
    code = rules.refusal(to, answer.content_type, size)
    if code is None:
        return None
    said = f"more than {rules.largest(to)} bytes" if answer.truncated else f"{size} bytes"
    if code in (rules.WRONG_TYPE, rules.CHANNEL_WRONG_TYPE):
        said = answer.content_type or NO_TYPE
    return _unfit(message, Shortfall(code, answer.url, f"{errors.title(code)}: {said}", answer.status))


def _failed(message: Message, to: str, answer: NotDownloaded) -> Unfit:
    code = rules.not_retrieved(to, answer.failure.code)
    return _unfit(
        message, Shortfall(code, answer.url, answer.failure.message, answer.status, answer.exchange or None)
    )


def _unfit(message: Message, wrong: Shortfall) -> Unfit:
    facts = {"MessageSid": message.sid, "To": message.to, "From": message.from_ or "", "url": wrong.url}
    if wrong.status is not None:
        facts["httpResponse"] = str(wrong.status)
    asked = {"request": {"url": wrong.url, "method": "GET", "parameters": {}}}
    alert = Alert(
        account_sid=message.account_sid,
        world_sid=message.world_sid,
        error_code=wrong.code,
        at=clock.now(message.world_sid),
        reason=wrong.reason,
        facts=facts,
        resource_sid=message.sid,
        service_sid=message.messaging_service_sid,
        exchange=wrong.exchange or asked,
    )
    return Unfit(wrong.code, alert)
