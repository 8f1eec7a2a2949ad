"""`/Recordings`, of the account, of a call, of a conference: controlled while they run, heard and deleted afterwards.

What is heard is silence of the right length, and its answer says so: `Localloop-Coverage: silence`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any, Final, Literal, cast
from uuid import UUID

from msgspec import Struct, structs

from localloop.core import errors, money, sids
from localloop.payloads.part import API_VERSION
from localloop.products.numbers import is_url
from localloop.products.voice.calls import Calls
from localloop.products.voice.conference import queries as conferences
from localloop.products.voice.recording import media, queries, take
from localloop.products.voice.recording.desk import Recorder, Stopped
from localloop.products.voice.recording.queries import Filters, Slice
from localloop.products.voice.recording.take import Of, Recording, Wish
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Raw, Request, Stream
from localloop.rest.windows import window
from localloop.webhooks import Forgotten, forget

CURRENT: Final = "Twilio.CURRENT"
CONCURRENT: Final = 16108
_HEADERS: Final = {"Localloop-Coverage": "silence"}
_CHANNELS: Final = {"mono": 1, "dual": 2}
_EVENTS: Final = frozenset({"in-progress", "completed", "absent"})


class Shown(Struct, frozen=True, kw_only=True):
    """One recording as its API shows it."""

    sid: str
    account_sid: str
    api_version: str
    call_sid: str | None
    conference_sid: str | None
    status: str
    source: str
    track: str
    channels: int
    start_time: datetime
    duration: str | None
    price: str | None
    price_unit: str
    error_code: int | None
    encryption_details: None
    media_url: str
    date_created: datetime
    date_updated: datetime


class Recordings(Struct, frozen=True):
    recorder: Recorder
    calls: Calls

    async def create(self, request: Request) -> Item:
        """Records a call from now on. Raises 16108, 20001, 20404, 21220."""
        call_id, wish = await self._call(request), _wish(request)
        async with self.recorder.database.unit() as unit:
            # Beside what a document or the call itself records, as at Twilio (observed), but only once.
            if await queries.begun_over_rest(unit, request.account_sid, call_id):
                raise errors.of(CONCURRENT)
            of = Of(
                account_sid=request.account_sid,
                world_sid=request.world_sid,
                at=request.now,
                call_id=call_id,
            )
            recording = take.begin(of, wish)
            await self.recorder.begin(unit, [recording])
        return self._item(request, recording)

    async def fetch(self, request: Request) -> Item | Stream | Raw:
        """Its facts with `.json` or `.xml`; without a suffix, with `.wav` or `.mp3` what is heard."""
        sid, kind = _file(request.ids["Sid"])
        if kind or not request.suffix:
            return _heard(await self._found(request, sid), kind or "wav", request)
        return self._item(request, await self._found(request, sid))

    async def show(self, request: Request) -> Item:
        """Below a call or a conference: its facts, whatever the suffix."""
        return self._item(request, await self._found(request, request.ids["Sid"]))

    async def page(self, request: Request) -> Items:
        page = request.page or PageRequest()
        part = Slice(after=_edge(page.after), before=_edge(page.before), limit=page.size + 1)
        found = await queries.page(self.recorder.database, request.account_sid, _filters(request), part)
        is_backward, is_cut = part.before is not None, len(found) > page.size
        rows = (found[1:] if is_backward else found[:-1]) if is_cut else found
        return Items(
            items=[self._item(request, each).fields for each in rows],
            more=is_backward or is_cut,
            earlier=is_cut if is_backward else part.after is not None,
        )

    async def page_of_call(self, request: Request) -> Items:
        if not await self.calls.exists(request.account_sid, request.ids["CallSid"]):
            raise errors.not_found(request.address)
        return await self.page(request)

    async def page_of_conference(self, request: Request) -> Items:
        if (
            await conferences.get(self.recorder.database, request.account_sid, request.ids["ConferenceSid"])
            is None
        ):
            raise errors.not_found(request.address)
        return await self.page(request)

    async def update(self, request: Request) -> Item:
        """Pauses it, goes on, or stops it. Raises 20001, 20404, 21220."""
        wanted = request.params["Status"]
        silence_kept = _one_of(request, "PauseBehavior", ("silence", "skip")) == "silence"
        if wanted not in ("paused", "in-progress", "stopped"):
            raise errors.invalid_parameter("Status", "It must be one of paused, in-progress, stopped")
        async with self.recorder.database.unit() as unit:
            now = await self._found(request, request.ids["Sid"], unit)
            if wanted == "stopped":
                ended = Stopped(
                    account_sid=now.account_sid,
                    sid=now.sid,
                    at=request.now,
                    sound=await self._sound(unit, now),
                )
                after = await self.recorder.stop_by_request(unit, now, ended)
            else:
                is_paused = wanted == "paused"
                after = (
                    take.pause(now, request.now, silence=silence_kept)
                    if is_paused
                    else take.resume(now, request.now)
                )
                await self.recorder.keep(unit, after)
        return self._item(request, after)

    async def delete(self, request: Request) -> Deleted:
        """Its facts stay to be asked for with IncludeSoftDeleted. Raises 20009 while it runs, 20404."""
        async with self.recorder.database.unit() as unit:
            now = await self._found(request, request.ids["Sid"], unit)
            if now.status not in ("completed", "absent"):
                raise errors.delete_before_complete()
            gone = structs.replace(now, status="deleted", date_updated=request.now)
            await queries.save(unit, gone)
            await forget(unit, Forgotten(now.account_sid, now.sid, now.world_sid))
        return Deleted()

    async def exists(self, account_sid: str, sid: str) -> bool:
        found = await queries.get(self.recorder.database, account_sid, sid)
        return found is not None and found.status != "deleted"

    # ------------------------------------------------------------------------------------------------------------

    async def _call(self, request: Request) -> UUID:
        """The call that the path names, which goes on. Raises 20404, 21220."""
        sid = request.ids["CallSid"]
        if not await self.calls.exists(request.account_sid, sid):
            raise errors.not_found(request.address)
        if (await self.calls.statuses(request.account_sid, [sid])).get(sid) != "in-progress":
            raise errors.call_not_in_progress()
        return sids.uuid_of(sid)

    async def _found(self, request: Request, sid: str, unit: Any = None) -> Recording:
        """Held until the unit ends, where there is one. One below a call or a conference is that one's."""
        reader, account_sid = unit or self.recorder.database, request.account_sid
        if sid == CURRENT:
            current = await self._current(request, reader)
            sid = current.sid if current else sid
        found = await queries.get(reader, account_sid, sid, hold=unit is not None)
        is_hidden = found is not None and found.status == "deleted"
        if found is None or (is_hidden and not request.params.get("IncludeSoftDeleted")):
            raise errors.not_found(request.address)
        parents = (("CallSid", "CA", found.call_id), ("ConferenceSid", "CF", found.conference_id))
        for name, prefix, own in parents:
            if name in request.ids and _uuid(request.ids[name], prefix) != own:
                raise errors.not_found(request.address)
        return found

    async def _current(self, request: Request, reader: Any) -> Recording | None:
        """What records the call or the conference that the path names."""
        if call := _uuid(request.ids.get("CallSid"), "CA"):
            return await queries.running(reader, request.account_sid, call)
        if conference := _uuid(request.ids.get("ConferenceSid"), "CF"):
            return await queries.running_conference(reader, request.account_sid, conference)
        return None

    async def _sound(self, unit: Any, now: Recording) -> tuple[datetime, datetime] | None:
        """From when until when somebody was heard in the conference that it records."""
        if now.conference_sid is None:
            return None
        room = await conferences.get(unit, now.account_sid, now.conference_sid)
        taken = room.recording if room is not None else None
        return taken.sound if taken is not None and taken.sid == now.sid else None

    def _item(self, request: Request, now: Recording) -> Item:
        return Item(fields=shown(now, request.urls.base("api")))


def shown(now: Recording, base: str) -> dict[str, Any]:
    return structs.asdict(
        Shown(
            sid=now.sid,
            account_sid=now.account_sid,
            api_version=API_VERSION,
            call_sid=now.call_sid,
            conference_sid=now.conference_sid,
            status=now.status,
            source=now.wish.source,
            track=now.wish.track,
            channels=now.wish.channels,
            start_time=now.start_time,
            duration=None if now.duration is None else str(now.duration),
            price=None if now.price is None else money.price_text(now.price),
            price_unit=money.CURRENCY,
            error_code=now.error_code,
            encryption_details=None,
            media_url=take.media_url(now, base),
            date_created=now.date_created,
            date_updated=now.date_updated,
        )
    )


def _heard(now: Recording, kind: str, request: Request) -> Stream | Raw:
    """Raises 20404 for what is not there yet, or never will be."""
    if now.status != "completed" or now.duration is None:
        raise errors.not_found(request.address)
    file = media.file_of(now, kind, request.query)
    asked = request.headers.get("range", "")
    part = media.part_of(file.size, asked)
    if part is None:
        return Raw(status=416, headers={**_HEADERS, "Content-Range": f"bytes */{file.size}"})
    headers = {**_HEADERS, "Accept-Ranges": "bytes", "Content-Length": str(len(part))}
    is_part = len(part) < file.size
    if is_part:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    return Stream(
        content_type=file.content_type,
        chunks=_sent(file.pieces(part)),
        headers=headers,
        status=206 if is_part else 200,
    )


async def _sent(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _file(named: str) -> tuple[str, str]:
    """`RE….wav` is the SID and what kind of file."""
    sid, _, kind = named.partition(".")
    return (sid, kind) if kind in ("wav", "mp3") else (named, "")


def _wish(request: Request) -> Wish:
    """Raises 20001, 21609."""
    url = str(request.params.get("RecordingStatusCallback") or "")
    if url and not is_url(url):
        raise errors.invalid_status_callback(url)
    said = " ".join(request.params.get("RecordingStatusCallbackEvent") or ()).split()
    return Wish(
        source="StartCallRecordingAPI",
        channels=_CHANNELS[_one_of(request, "RecordingChannels", ("mono", "dual"))],
        track=cast(Any, _one_of(request, "RecordingTrack", ("both", "inbound", "outbound"))),
        trim=cast(Any, _one_of(request, "Trim", ("do-not-trim", "trim-silence"))),
        callback=url,
        callback_method=_method(request),
        callback_events=tuple(each for each in said if each in _EVENTS) or ("completed",),
    )


def _method(request: Request) -> Literal["GET", "POST"]:
    return "GET" if request.params.get("RecordingStatusCallbackMethod") == "GET" else "POST"


def _one_of(request: Request, name: str, known: tuple[str, ...]) -> str:
    """The first where nothing was said."""
    said = str(request.params.get(name) or known[0])
    if said not in known:
        raise errors.invalid_parameter(name, f"It must be one of {', '.join(known)}")
    return said


def _filters(request: Request) -> Filters:
    """A SID that nothing can have lets nothing pass."""
    call = request.ids.get("CallSid") or request.params.get("CallSid")
    conference = request.ids.get("ConferenceSid") or request.params.get("ConferenceSid")
    return Filters(
        call_id=_named(call, "CA"),
        conference_id=_named(conference, "CF"),
        created=window(request.params, "DateCreated"),
        with_deleted=bool(request.params.get("IncludeSoftDeleted")),
    )


def _named(sid: str | None, prefix: str) -> UUID | None:
    return None if not sid else _uuid(sid, prefix) or UUID(int=0)


def _uuid(sid: str | None, prefix: str) -> UUID | None:
    return sids.uuid_of(sid) if sid and sids.is_sid(sid, prefix) else None


def _edge(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    if not sids.is_sid(cursor, "RE"):
        raise errors.invalid_page_token()
    return sids.uuid_of(cursor)


def binding(recordings: Recordings) -> Binding:
    return Binding(
        resource="api.v2010.Recording",
        operations={
            "CreateCallRecording": recordings.create,
            "FetchRecording": recordings.fetch,
            "ListRecording": recordings.page,
            "DeleteRecording": recordings.delete,
            "FetchCallRecording": recordings.show,
            "ListCallRecording": recordings.page_of_call,
            "UpdateCallRecording": recordings.update,
            "DeleteCallRecording": recordings.delete,
            "FetchConferenceRecording": recordings.show,
            "ListConferenceRecording": recordings.page_of_conference,
            "UpdateConferenceRecording": recordings.update,
            "DeleteConferenceRecording": recordings.delete,
        },
        record=Shown,
        exists=recordings.exists,
        # As at Twilio, unless the account asks for authentication on its media.
        public=frozenset({"FetchRecording"}),
    )
