"""`/Messages` and what is below a message, as the REST engine calls them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock, e164, errors, sids
from localloop.core.errors import ApiError
from localloop.jobs import cancel, enqueue
from localloop.products.messaging.keeping import retained
from localloop.products.messaging.media import queries as media
from localloop.products.messaging.message import callbacks, feedback, lifecycle, queries, scheduled, used
from localloop.products.messaging.message.compose import Composer, Draft, Origin
from localloop.products.messaging.message.queries import Change, Filters, Slice
from localloop.products.messaging.message.resource import Message, Shown, shown
from localloop.products.messaging.message.wish import Wanted, wanted
from localloop.products.numbers import find_application
from localloop.rest import recorder
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Request
from localloop.rest.windows import window
from localloop.store import BatchWriter, Database, Executor, Unit
from localloop.store.plain import PlainStore
from localloop.webhooks import Forgotten, forget


class Operations(Struct, frozen=True):
    """What a message may be asked over REST."""

    database: Database
    composer: Composer
    records: PlainStore
    writer: BatchWriter[Draft, Message]

    async def create(self, request: Request) -> Item:
        """Answers once the message is durable. Raises the 216xx errors."""
        origin = Origin(account_sid=request.account_sid, world_sid=request.world_sid, now=request.now)
        wish = wanted(request.params)
        if wish.application_sid is not None:
            wish = await self._with_application(wish, request.account_sid, wish.application_sid)
        draft = await self.composer.compose(wish, origin)
        if request.once is not None:
            draft = replace(draft, kept=request.once.kept(Item(fields=shown(draft.message))))
        return Item(fields=shown(await self.writer.write(draft)))

    async def fetch(self, request: Request) -> Item:
        return Item(fields=shown(await find(self.database, request, "Sid")))

    async def page(self, request: Request) -> Items:
        asked = request.page or PageRequest()
        part = Slice(after=_cursor(asked.after), before=_cursor(asked.before), limit=asked.size + 1)
        found = await queries.page(self.database, request.account_sid, filters_of(request), part)
        is_backward = part.before is not None and part.after is None
        is_cut = len(found) > asked.size
        if is_cut:
            found = found[1:] if is_backward else found[:-1]
        return Items(
            items=[shown(message) for message in found],
            more=is_backward or is_cut,
            earlier=is_cut if is_backward else part.after is not None,
        )

    async def update(self, request: Request) -> Item:
        """Empties the body, or cancels; raises 20009 while in flight, 30409 when it is too late to cancel."""
        message = await find(self.database, request, "Sid")
        if request.params.get("Body"):
            raise errors.message_body_can_only_be_redacted()
        if request.params.get("Status") == "canceled":
            await self._cancel(message, request.now)
        if "Body" in request.params:
            await self._redact(message, request)
        return await self.fetch(request)

    async def delete(self, request: Request) -> Deleted:
        message = await find(self.database, request, "Sid")
        async with self.database.unit() as unit:
            await used.keep(unit, message.account_sid, [message.id])
            if not await queries.delete(unit, message, sorted(lifecycle.SETTLED)):
                raise errors.delete_before_complete()
            if message.may_have_files:
                await media.delete_of(unit, message.account_sid, [message.id], clock.now())
            await self._forget(unit, message, request.sid)
        return Deleted()

    async def create_feedback(self, request: Request) -> Item:
        return await feedback.create(self.database, await find(self.database, request, "MessageSid"), request)

    async def exists(self, account_sid: str, sid: str) -> bool:
        if not sids.is_sid(sid, "SM", "MM"):
            return False
        return await queries.get(self.database, account_sid, sids.uuid_of(sid)) is not None

    async def _with_application(self, wish: Wanted, account_sid: str, sid: str) -> Wanted:
        """The message's own callback goes before the application's."""
        application = await find_application(self.records, account_sid, sid)
        if application is None:
            raise errors.invalid_application_sid()
        url = wish.status_callback or application.message_status_callback
        return replace(wish, status_callback=url or None)

    async def _cancel(self, message: Message, at: datetime) -> None:
        change = Change(account_sid=message.account_sid, id=message.id, status="canceled", at=at)
        async with self.database.unit() as unit:
            held = await queries.hold(unit, [(message.account_sid, message.id)])
            if not await queries.advance(unit, [change], [message.world_sid]):
                raise errors.message_cannot_be_canceled()
            if held.get(message.id) == "scheduled":
                await scheduled.leave(unit, [message.account_sid])
            await cancel(unit, message.account_sid, message.sid)
            await enqueue(unit, callbacks.job_of(message, change))
            if retained.is_concerned(message, change):
                await retained.let_go(unit, [message])

    async def _redact(self, message: Message, request: Request) -> None:
        async with self.database.unit() as unit:
            current = await queries.get(unit, message.account_sid, message.id)
            if current is None or not lifecycle.is_settled(current.status):
                raise errors.delete_before_complete()
            await queries.redact(unit, message, request.now)
            await self._forget(unit, message, request.sid)

    async def _forget(self, unit: Unit, message: Message, request_sid: str) -> None:
        """What others keep of its text, to show it to people."""
        await recorder.forget(unit, message.account_sid, message.sid, request_sid)
        await forget(unit, Forgotten(message.account_sid, message.sid, message.world_sid))


def bindings(operations: Operations) -> tuple[Binding, ...]:
    message = Binding(
        resource="api.v2010.Message",
        operations={
            "CreateMessage": operations.create,
            "FetchMessage": operations.fetch,
            "ListMessage": operations.page,
            "UpdateMessage": operations.update,
            "DeleteMessage": operations.delete,
        },
        record=Shown,
        keeps=frozenset({"CreateMessage"}),
        exists=operations.exists,
        errors={
            "To": lambda text: errors.invalid_to(text) if text else errors.to_required(),
            "From": lambda text: errors.invalid_from(text) if text else errors.from_required(),
            "Body": lambda _: errors.body_required(),
            "StatusCallback": errors.invalid_status_callback,
            "MediaUrl": errors.invalid_media_url,
            "ValidityPeriod": errors.invalid_validity_period,
            "MaxPrice": _invalid_max_price,
            "ApplicationSid": lambda _: errors.invalid_application_sid(),
            "MessagingServiceSid": lambda _: errors.messaging_service_not_found(),
            "ScheduleType": lambda _: errors.invalid_schedule_type(),
            "ContentRetention": lambda _: errors.invalid_content_retention(),
            "AddressRetention": lambda _: errors.invalid_address_retention(),
            "SendAt": lambda _: errors.send_at_invalid(),
        },
    )
    judged = Binding(
        resource="api.v2010.MessageFeedback",
        operations={"CreateMessageFeedback": operations.create_feedback},
    )
    return message, judged


async def find(database: Executor, request: Request, name: str) -> Message:
    """The message that the path names under this name. Raises 404."""
    sid = request.ids[name]
    message = None
    if sids.is_sid(sid, "SM", "MM"):
        message = await queries.get(database, request.account_sid, sids.uuid_of(sid))
    if message is None or message.prefix != sid[:2]:
        raise errors.not_found(request.address)
    return message


def _invalid_max_price(_: str) -> ApiError:
    return errors.invalid_max_price()


def filters_of(request: Request) -> Filters:
    params = request.params
    start, end = window(params, "DateSent")
    return Filters(
        to=_address(params, "To"),
        from_=_address(params, "From"),
        sent_from=start,
        sent_until=end,
        bounded=abs(clock.now(request.world_sid) - clock.now()) < queries.CLOCK_SLACK,
    )


def _address(params: Mapping[str, Any], name: str) -> str | None:
    text = params.get(name)
    return str(e164.address(text)) if text else None


def _cursor(text: str | None) -> UUID | None:
    if text is None:
        return None
    if not sids.is_sid(text, "SM", "MM"):
        raise errors.invalid_page_token()
    return sids.uuid_of(text)
