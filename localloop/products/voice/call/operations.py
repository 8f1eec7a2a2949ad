"""`/Calls`, as the REST engine calls it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from localloop.core import clock, e164, errors, sids
from localloop.products.voice import used
from localloop.products.voice.call import lifecycle, queries, wish
from localloop.products.voice.call.compose import ADDRESSES, Composer, Origin
from localloop.products.voice.call.engine import Engine
from localloop.products.voice.call.events import Ordered
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.queries import Filters, Slice, Wanted
from localloop.products.voice.call.resource import Call, Shown, shown
from localloop.products.voice.session import queries as sessions
from localloop.rest import recorder
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Request
from localloop.rest.windows import window
from localloop.store import BatchWriter, Database
from localloop.store.plain import remove
from localloop.telephony.simulated import handsets
from localloop.webhooks import Alert, Forgotten, Webhooks, forget

TWO_DOCUMENTS = 32019
NO_AMD_CALLBACK = 21262
UNKNOWN_EVENT = 21626
ARCHIVED_AFTER = timedelta(days=396)  # thirteen months (Twilio: "Voice Calls Archive")


class Operations(Struct, frozen=True):
    """What a call may be asked over REST."""

    database: Database
    composer: Composer
    writer: BatchWriter[Live, Call]
    engine: Engine
    webhooks: Webhooks | None = None

    async def create(self, request: Request) -> Item:
        """Answers once the call is durable, in its account's queue. Raises the 212xx errors, 22005 and 32018."""
        origin = Origin(request.account_sid, request.world_sid, request.now)
        composed = await self.composer.compose(request.params, origin)
        call = await self.writer.write(composed)
        await self._warn(request.params, call)
        return Item(fields=shown(call))

    async def fetch(self, request: Request) -> Item:
        return Item(fields=shown(await self._find(request)))

    async def page(self, request: Request) -> Items:
        asked = request.page or PageRequest()
        part = Slice(after=_cursor(asked.after), before=_cursor(asked.before), limit=asked.size + 1)
        found = await queries.page(self.database, request.account_sid, filters_of(request), part)
        is_backward = part.before is not None and part.after is None
        is_cut = len(found) > asked.size
        if is_cut:
            found = found[1:] if is_backward else found[:-1]
        return Items(
            items=[shown(call) for call in found],
            more=is_backward or is_cut,
            earlier=is_cut if is_backward else part.after is not None,
        )

    async def update(self, request: Request) -> Item:
        """Ends a call, leads one that was answered to another document, or changes who is told of it.

        Raises 21220 where it is too late or too early for that.
        """
        call = await self._find(request)
        ordered = _ordered(request.params, call)
        live = (
            None
            if call.has_ended
            else await self.engine.take(Wanted(call.account_sid, call.id, call.id), ordered, request.now)
        )
        await self._warn(request.params, call)
        if live is None:
            if any(request.params.get(name) for name in ("Status", "Url", "Twiml")):
                raise errors.call_not_in_progress()
            return Item(fields=shown(call))
        return Item(fields=shown(live.call))

    async def delete(self, request: Request) -> Deleted:
        return await self._delete(request, await self._find(request))

    async def delete_archived(self, request: Request) -> Deleted:
        """One of more than thirteen months ago, by the day on which it was made (in UTC)."""
        call, day = await self._find(request), request.ids["Date"]
        made = call.date_created.astimezone(UTC)
        if f"{made:%Y-%m-%d}" != day or request.now - made < ARCHIVED_AFTER:
            raise errors.not_found(request.address)
        return await self._delete(request, call)

    async def _delete(self, request: Request, call: Call) -> Deleted:
        """Raises 20009 while it goes on."""
        async with self.database.unit() as unit:
            await used.keep(unit, call.account_sid, [call.id])
            if not await queries.delete(unit, call):
                raise errors.delete_before_complete()
            await remove(unit, (call.account_sid, "insights/Annotation", call.sid, call.sid))
            await sessions.forget(unit, call.account_sid, call.id)
            await handsets.forget(unit, call.world_sid, call.id)
            await recorder.forget(unit, call.account_sid, call.sid, request.sid)
            await forget(unit, Forgotten(call.account_sid, call.sid, call.world_sid))
        return Deleted()

    async def exists(self, account_sid: str, sid: str) -> bool:
        return await queries.by_sid(self.database, account_sid, sid) is not None

    async def _find(self, request: Request) -> Call:
        """The call that the path names. Raises 404."""
        call = await queries.by_sid(self.database, request.account_sid, request.ids["Sid"])
        if call is None:
            raise errors.not_found(request.address)
        return call

    async def _warn(self, params: Mapping[str, Any], call: Call) -> None:
        """What was asked for and could not all be done is said in the Debugger."""
        if self.webhooks is None:
            return
        if params.get("Url") and params.get("Twiml"):
            await self.webhooks.alert(_alert(call, TWO_DOCUMENTS, "Url is used, Twiml is not"))
        if unknown := wish.unknown_events(params):
            await self.webhooks.alert(_alert(call, UNKNOWN_EVENT, f"no event: {', '.join(unknown)}"))
        detection = call.options.detection if "MachineDetection" in params else None
        if detection is not None and detection.is_async and not detection.callback:
            await self.webhooks.alert(
                _alert(call, NO_AMD_CALLBACK, "AsyncAmd without AsyncAmdStatusCallback")
            )


def bindings(operations: Operations) -> tuple[Binding, ...]:
    call = Binding(
        resource="api.v2010.Call",
        operations={
            "CreateCall": operations.create,
            "FetchCall": operations.fetch,
            "ListCall": operations.page,
            "UpdateCall": operations.update,
            "DeleteCall": operations.delete,
        },
        record=Shown,
        exists=operations.exists,
        errors={
            "To": lambda text: errors.invalid_called_number(text) if text else errors.no_called_number(),
            "From": lambda text: errors.invalid_caller_id(text) if text else errors.caller_required(),
            "Url": lambda text: errors.invalid_call_url(text) if text else errors.call_url_required(),
            "Method": lambda _: errors.invalid_call_method(),
            "FallbackUrl": errors.invalid_call_url,
            "FallbackMethod": lambda _: errors.invalid_call_method(),
            "StatusCallback": errors.invalid_status_callback,
            "StatusCallbackMethod": lambda _: errors.invalid_call_method(),
            "Timeout": lambda _: errors.invalid_call_timeout(),
            "ApplicationSid": lambda _: errors.invalid_application_sid(),
        },
    )
    archived = Binding(
        resource="voice.v1.ArchivedCall", operations={"DeleteArchivedCall": operations.delete_archived}
    )
    return call, archived


def _ordered(params: Mapping[str, Any], call: Call) -> Ordered:
    """Raises 32018; of an address and a document the address holds."""
    url = params.get("Url") or ""
    method = "GET" if str(params.get("Method") or "").upper() == "GET" else "POST"
    return Ordered(
        end=params.get("Status") or "",
        url=url,
        method="GET" if method == "GET" else "POST",
        twiml="" if url else wish.inline(params),
        options=wish.changed(call.options, params),
    )


def _alert(call: Call, code: int, reason: str) -> Alert:
    return Alert(
        account_sid=call.account_sid,
        world_sid=call.world_sid,
        error_code=code,
        at=call.date_created,
        reason=reason,
        resource_sid=call.sid,
    )


def filters_of(request: Request) -> Filters:
    params = request.params
    parent = params.get("ParentCallSid")
    status = params.get("Status")
    return Filters(
        to=_address(params, "To"),
        from_=_address(params, "From"),
        parent_id=sids.uuid_of(parent) if parent and sids.is_sid(parent, "CA") else None,
        status=status if status in lifecycle.FOLLOWERS else None,
        started=window(params, "StartTime"),
        ended=window(params, "EndTime"),
        bounded=abs(clock.now(request.world_sid) - clock.now()) < queries.CLOCK_SLACK,
    )


def _address(params: Mapping[str, Any], name: str) -> str | None:
    text = params.get(name)
    if not text:
        return None
    address = e164.address(text)
    return str(address) if address.channel in ADDRESSES or address.kind == "number" else text


def _cursor(text: str | None) -> UUID | None:
    if text is None:
        return None
    if not sids.is_sid(text, "CA"):
        raise errors.invalid_page_token()
    return sids.uuid_of(text)
