"""Calls that come in: somebody dials a number of the world, and its application is asked what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock, sids
from localloop.jobs import enqueue
from localloop.products.numbers import Application, Directory, Owned, voice_webhook
from localloop.products.numbers import Webhook as NumberWebhook
from localloop.products.voice.call import queries, wish
from localloop.products.voice.call.events import Arrived
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.resource import Call, Options, Progress, Webhook
from localloop.products.voice.call.token import token_of
from localloop.products.voice.call.turn import job_of
from localloop.store import Database, Unit
from localloop.store.plain import PlainStore
from localloop.store.reader import BatchReader
from localloop.telephony.simulated import Persona, Phone

INACTIVE: Final = 10003


class Incoming(Struct, frozen=True, kw_only=True):
    """Somebody dials."""

    world_sid: str
    from_: str
    to: str
    persona: Persona = Persona()
    forwarded_from: str | None = None


class Reception:
    """Takes calls from phones to numbers of the world."""

    def __init__(
        self, database: Database, directory: Directory, records: PlainStore, profile: Callable[[str], str]
    ) -> None:
        self._profile = profile
        self._database = database
        self.directory = directory
        self._records = records
        self._accounts: BatchReader[str, bool] = BatchReader(database, queries.are_active)

    async def close(self) -> None:
        await self._accounts.close()

    async def arrive(self, incoming: Incoming) -> Call | None:
        """The call as its owner has it, ringing; None where nobody takes calls."""
        owned = await self.directory.find(incoming.world_sid, incoming.to)
        if owned is None or not owned.voice_enabled:
            return None
        live = await self.live(incoming, owned, clock.now(incoming.world_sid))
        async with self._database.unit() as unit:
            await arrive(unit, live)
        return live.call

    async def live(self, incoming: Incoming, owned: Owned, at: datetime) -> Live:
        """Of an account that is not active nobody is asked: the call comes in to be refused."""
        id, is_active = sids.new_id(), await self._accounts.read(owned.account_sid)
        options = await self._options(owned, incoming) if is_active else _unasked(incoming)
        if self._profile(owned.world_sid) == "trial":
            options = wish.on_trial(options)
        token = token_of(sids.from_uuid("CA", id), incoming.from_, incoming.to, at)
        call = Call(
            account_sid=owned.account_sid,
            world_sid=owned.world_sid,
            id=id,
            status="ringing",
            direction="inbound",
            from_=incoming.from_,
            to=incoming.to,
            phone_number_sid=owned.sid,
            start_time=at,
            options=replace(options, call_token=token),
            date_created=at,
            date_updated=at,
        )
        phone = Phone(persona=incoming.persona, makes_call=True)
        return Live(call=call, root=id, at=at, end=phone, refusal=0 if is_active else INACTIVE)

    async def applied(self, calling: Live, application: Application, at: datetime) -> Live | None:
        """The call to an application that another call dials, as it comes in there; None where its account is not
        active."""
        if not await self._accounts.read(application.account_sid):
            return None
        dialling, webhook, id = calling.call, application.voice, sids.new_id()
        to = calling.passed_to or dialling.to
        options = Options(
            webhook=_webhook(webhook),
            progress=Progress(url=webhook.status_callback, method=webhook.status_callback_method),
            application_sid=application.sid,
            call_token=token_of(sids.from_uuid("CA", id), dialling.from_, to, at),
            params={**calling.passed, "ApplicationSid": application.sid},
        )
        call = Call(
            account_sid=application.account_sid,
            world_sid=dialling.world_sid,
            id=id,
            status="ringing",
            direction="inbound",
            from_=dialling.from_,
            to=to,
            start_time=at,
            options=options,
            date_created=at,
            date_updated=at,
        )
        return Live(call=call, root=id, at=at)

    async def _options(self, owned: Owned, incoming: Incoming) -> Options:
        """What the number says, or its application in its place."""
        webhook = await voice_webhook(self._records, owned)
        if webhook is None:
            return _unasked(incoming)
        return Options(
            webhook=_webhook(webhook),
            progress=Progress(url=webhook.status_callback, method=webhook.status_callback_method),
            forwarded_from=incoming.forwarded_from,
        )


def _unasked(incoming: Incoming) -> Options:
    return Options(forwarded_from=incoming.forwarded_from)


def _webhook(webhook: NumberWebhook) -> Webhook:
    return Webhook(
        url=webhook.url,
        method=webhook.method,
        fallback_url=webhook.fallback_url,
        fallback_method=webhook.fallback_method,
    )


async def arrive(unit: Unit, live: Live) -> None:
    """Keep a call that came in, with the job that lets its application be asked."""
    await queries.insert(unit, [live])
    await enqueue(unit, [job_of(live, Arrived(), live.at)])
