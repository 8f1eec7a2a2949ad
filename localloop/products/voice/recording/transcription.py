"""Transcriptions of recordings: what was said at the other end while it was taken, as the simulated phone has it.

A job makes one when a recording that asked for it is ready, tells its callback, and is done. Recordings of less than 2
or more than 120 seconds are not transcribed (13617).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from msgspec import Struct, structs

from localloop.core import clock, errors, money, sids
from localloop.jobs import Done, Handler, Job, enqueue
from localloop.payloads import voice
from localloop.payloads.part import API_VERSION
from localloop.products.voice import price
from localloop.products.voice.call import callbacks
from localloop.products.voice.call import queries as calls
from localloop.products.voice.recording import queries, take
from localloop.products.voice.recording.desk import TRANSCRIBE, Named
from localloop.products.voice.recording.take import Recording
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Request
from localloop.store import Database, Executor, Unit
from localloop.webhooks import Alert, Forgotten, Notification, Webhooks, forget

SHORTEST: Final = 2  # seconds
LONGEST: Final = 120
OUT_OF_RANGE: Final = 13617
_COLUMNS: Final = (
    "account_sid, id, world_sid, recording_id, status, body, duration, price, date_created, date_updated"
)
_INSERT: Final = f"insert into transcriptions ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)"
_GET: Final = f"select {_COLUMNS} from transcriptions where account_sid = $1 and id = $2"
_PAGE: Final = f"""
select {_COLUMNS} from transcriptions
where account_sid = $1 and ($2::uuid is null or recording_id = $2) and ($3::uuid is null or id < $3)
order by id desc limit $4
"""
_BACK: Final = f"""
select {_COLUMNS} from transcriptions
where account_sid = $1 and ($2::uuid is null or recording_id = $2) and id > $3 order by id limit $4
"""
_SAID: Final = """
select body from phone_call_lines
where world_sid = $1 and call_id = $2 and kind = 'said' and at >= $3 and at <= $4 order by id
"""


class Transcription(Struct, frozen=True, kw_only=True):
    """One row."""

    account_sid: str
    id: UUID
    world_sid: str
    recording_id: UUID
    status: Literal["completed", "failed"]
    body: str
    duration: int
    price: Decimal
    date_created: datetime
    date_updated: datetime

    @property
    def sid(self) -> str:
        return sids.from_uuid("TR", self.id)


class Shown(Struct, frozen=True, kw_only=True):
    """One transcription as its API shows it."""

    sid: str
    account_sid: str
    api_version: str
    recording_sid: str
    status: str
    transcription_text: str
    duration: str
    price: str
    price_unit: str
    type: str
    date_created: datetime
    date_updated: datetime


class Transcriber:
    """Makes them. `webhooks` tell the Debugger what is not transcribed."""

    def __init__(self, database: Database, public_url: str, webhooks: Webhooks | None) -> None:
        self._database = database
        self._public_url = public_url
        self._webhooks = webhooks

    def handlers(self) -> Mapping[str, Handler]:
        return {TRANSCRIBE: self.transcribe}

    async def transcribe(self, job: Job) -> Done:
        """A recording that was deleted meanwhile, or is transcribed already, is left alone."""
        async with self._database.unit() as unit:
            now = await queries.get(unit, job.account_sid, job.read(Named).sid, hold=True)
            if now is None or now.status != "completed" or now.duration is None:
                return Done()
            if not SHORTEST <= now.duration <= LONGEST:
                await self._warn(unit, now)
            elif not await unit.fetch(_PAGE, now.account_sid, now.id, None, 1):
                await self._keep(unit, now, now.duration)
        return Done()

    async def _keep(self, unit: Unit, now: Recording, seconds: int) -> None:
        at = clock.now(now.world_sid)
        text = await _said(unit, now)
        made = Transcription(
            account_sid=now.account_sid,
            id=sids.new_id(),
            world_sid=now.world_sid,
            recording_id=now.id,
            status="completed",
            body=text,
            duration=seconds,
            price=price.extra_price("transcription", seconds),
            date_created=at,
            date_updated=at,
        )
        values = [value for name, value in structs.asdict(made).items() if name != "date_updated"]
        await unit.execute(_INSERT, *values)
        call = await calls.get(unit, now.account_sid, now.call_id) if now.call_id else None
        if now.wish.transcribe_callback and call is not None:
            params = {**callbacks.params_of(call), **self._params(made, now)}
            told = Notification(
                now.wish.transcribe_callback, params, now.account_sid, made.sid, "POST", voice=True
            )
            await enqueue(unit, [told.job(now.world_sid, at)])

    def _params(self, made: Transcription, now: Recording) -> Mapping[str, str]:
        base = f"{self._public_url}/2010-04-01/Accounts/{made.account_sid}"
        return voice.Transcribed(
            transcription_sid=made.sid,
            transcription_text=made.body,
            transcription_status=made.status,
            transcription_url=f"{base}/Transcriptions/{made.sid}",
            recording_sid=now.sid,
            recording_url=take.media_url(now, self._public_url),
        ).params()

    async def _warn(self, unit: Unit, now: Recording) -> None:
        if self._webhooks is None:
            return
        alert = Alert(
            account_sid=now.account_sid,
            world_sid=now.world_sid,
            error_code=OUT_OF_RANGE,
            at=clock.now(now.world_sid),
            reason=f"a recording of {now.duration} seconds",
            resource_sid=now.call_sid or now.sid,
        )
        await self._webhooks.keep_alerts(unit.connection, [alert])


async def _said(executor: Executor, now: Recording) -> str:
    """What was said at the other end while the recording ran."""
    if now.call_id is None or now.duration is None:
        return ""
    ended = now.stretches[-1].until or now.date_updated
    rows = await executor.fetch(_SAID, now.world_sid, now.call_id, now.start_time, ended)
    return " ".join(row["body"] for row in rows)


class Transcriptions(Struct, frozen=True):
    """What REST asks of them."""

    database: Database

    async def fetch(self, request: Request) -> Item:
        return Item(fields=_shown(await self._found(request)))

    async def page(self, request: Request) -> Items:
        """Newest first. Raises 20404 below a recording that is not there."""
        recording = await self._recording(request)
        asked = request.page or PageRequest()
        is_backward = asked.before is not None
        edge = _edge(asked.before if is_backward else asked.after)
        sql = _BACK if is_backward else _PAGE
        rows = list(await self.database.fetch(sql, request.account_sid, recording, edge, asked.size + 1))
        is_cut = len(rows) > asked.size
        kept = rows[: asked.size][::-1] if is_backward else rows[: asked.size]
        return Items(
            items=[_shown(Transcription(**dict(row))) for row in kept],
            more=is_backward or is_cut,
            earlier=is_cut if is_backward else asked.after is not None,
        )

    async def delete(self, request: Request) -> Deleted:
        """Its text is forgotten wherever it was told."""
        found = await self._found(request)
        async with self.database.unit() as unit:
            await unit.execute(
                "delete from transcriptions where account_sid = $1 and id = $2", found.account_sid, found.id
            )
            await forget(unit, Forgotten(found.account_sid, found.sid, found.world_sid))
        return Deleted()

    async def _recording(self, request: Request) -> UUID | None:
        sid = request.ids.get("RecordingSid")
        if sid is None:
            return None
        found = await queries.get(self.database, request.account_sid, sid)
        if found is None or found.status == "deleted":
            raise errors.not_found(request.address)
        return found.id

    async def _found(self, request: Request) -> Transcription:
        recording, sid, row = await self._recording(request), request.ids["Sid"], None
        if sids.is_sid(sid, "TR"):
            row = await self.database.fetchrow(_GET, request.account_sid, sids.uuid_of(sid))
        if row is None or (recording is not None and row["recording_id"] != recording):
            raise errors.not_found(request.address)
        return Transcription(**dict(row))


def _shown(of: Transcription) -> dict[str, Any]:
    return structs.asdict(
        Shown(
            sid=of.sid,
            account_sid=of.account_sid,
            api_version=API_VERSION,
            recording_sid=sids.from_uuid("RE", of.recording_id),
            status=of.status,
            transcription_text=of.body,
            duration=str(of.duration),
            price=money.price_text(of.price),
            price_unit=money.CURRENCY,
            type="fast",
            date_created=of.date_created,
            date_updated=of.date_updated,
        )
    )


def _edge(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    if not sids.is_sid(cursor, "TR"):
        raise errors.invalid_page_token()
    return sids.uuid_of(cursor)


def binding(database: Database) -> Binding:
    transcriptions = Transcriptions(database)
    return Binding(
        resource="api.v2010.Transcription",
        operations={
            "FetchTranscription": transcriptions.fetch,
            "ListTranscription": transcriptions.page,
            "DeleteTranscription": transcriptions.delete,
            "FetchRecordingTranscription": transcriptions.fetch,
            "ListRecordingTranscription": transcriptions.page,
            "DeleteRecordingTranscription": transcriptions.delete,
        },
        record=Shown,
    )
