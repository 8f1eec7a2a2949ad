"""`/Channels/Senders` and the typing indicator, as the REST engine calls them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.carriers import phones
from localloop.carriers.phones import PhoneMessage
from localloop.core import clock, e164, errors, sids
from localloop.jobs import Done, Job, NewJob, enqueue
from localloop.products.messaging.channel import lifecycle, sender, session
from localloop.products.messaging.channel.sender import ChannelSender
from localloop.products.messaging.channel.session import TYPING, WINDOW, Key
from localloop.products.messaging.message import queries
from localloop.products.numbers import Directory
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Request
from localloop.store import Database, Unit

PROGRESS: Final = "channel.progress"
STEP: Final = timedelta(seconds=1)  # what a registration takes, and a change of a profile
INVALID_SENDER: Final = 63100
KIND: Final = "messaging/ChannelsSender"
_PARTS: Final = ("configuration", "webhook", "profile")
_VERIFIER: Final = "WhatsApp"  # who sends codes


class Progress(Struct, frozen=True):
    """The payload of a job that moves a sender on."""

    sid: str


class Senders(Struct, frozen=True):
    """What may be asked of channel senders. Where nobody adopts, nothing happens by itself."""

    database: Database
    directory: Directory
    is_automatic: bool

    async def create(self, request: Request) -> Item:
        """Raises 63100 for what is no address of a channel, 20409 when the world has its sender already."""
        address = sender.canonical(str(request.params["sender_id"]))
        if address is None:
            raise errors.worded(INVALID_SENDER, "sender_id is not an address of a channel.")
        new = replace(
            sender.new(request.account_sid, request.world_sid, address, "CREATING", request.now),
            data=_merged({}, request.params),
        )
        async with self.database.unit() as unit:
            kept = await sender.insert(unit, new)
            if kept is None:
                raise errors.conflict(f"{address} is registered already.")
            await self._go_on(unit, kept)
        return Item(fields=_item(kept))

    async def fetch(self, request: Request) -> Item:
        return Item(fields=_item(await self._find(request)))

    async def page(self, request: Request) -> Items:
        asked = request.page or PageRequest()
        channel = str(request.params["Channel"])
        if channel not in e164.MESSAGING_CHANNELS:
            raise errors.invalid_parameter("Channel")
        found = await sender.page(self.database, request.account_sid, channel, asked)
        backward, is_cut = asked.before is not None and asked.after is None, len(found) > asked.size
        kept = (found[1:] if backward else found[:-1]) if is_cut else found
        earlier = is_cut if backward else asked.after is not None
        return Items(items=[_item(each) for each in kept], more=backward or is_cut, earlier=earlier)

    async def update(self, request: Request) -> Item:
        """Changes settings; the code that its number was sent verifies it. Raises 63100 for another code."""
        found = await self._find(request)
        code = (request.params.get("configuration") or {}).get("verification_code")
        status = found.status
        if status == "PENDING_VERIFICATION" and code is not None:
            if str(code) != found.verification_code:
                raise errors.worded(INVALID_SENDER, "The verification code is not the one that was sent.")
            status = "VERIFYING"
        elif status == "ONLINE" and self.is_automatic:
            status = "ONLINE:UPDATING"
        changed = replace(
            found, status=status, data=_merged(found.data, request.params), date_updated=request.now
        )
        async with self.database.unit() as unit:
            kept = await sender.change(unit, found.status, changed)
            if kept is None:
                raise errors.update_in_progress()
            await self._go_on(unit, kept)
        return Item(fields=_item(kept))

    async def delete(self, request: Request) -> Deleted:
        async with self.database.unit() as unit:
            if not await sender.delete(unit, request.account_sid, request.ids["Sid"]):
                raise errors.not_found(request.address)
        return Deleted()

    async def exists(self, account_sid: str, sid: str) -> bool:
        return await sender.get(self.database, account_sid, sid) is not None

    async def progress(self, job: Job) -> Done:
        """The handler of `channel.progress`: one step, in one unit with the next one's job."""
        sid = job.read(Progress).sid
        found = await sender.get(self.database, job.account_sid, sid)
        if found is None:
            return Done()
        ours = await self.directory.find(found.world_sid, e164.handset(found.address)) is not None
        status = lifecycle.next_of(found.status, found.channel, is_ours=ours)
        if status is None:
            return Done()
        async with self.database.unit() as unit:
            await self.move(unit, found, status)
        return Done()

    async def move(self, unit: Unit, found: ChannelSender, status: lifecycle.Status) -> ChannelSender | None:
        """Another status, with what follows from it; None when somebody else moved it meanwhile."""
        now = clock.now(found.world_sid)
        code = f"{secrets.randbelow(10**6):06}" if status == "PENDING_VERIFICATION" else None
        kept = await sender.change(
            unit, found.status, replace(found, status=status, verification_code=code, date_updated=now)
        )
        if kept is None:
            return None
        if code is not None:
            await phones.keep(unit, [_code(kept, code)])
        await self._go_on(unit, kept)
        return kept

    async def named(self, account_sid: str, world_sid: str, name: str) -> ChannelSender | None:
        """By its SID or its address; an account's own."""
        if sids.is_sid(name, sender.PREFIX):
            return await sender.get(self.database, account_sid, name)
        [found] = await sender.find_many(self.database, [(world_sid, sender.canonical(name) or "")])
        return found if found is not None and found.account_sid == account_sid else None

    async def decide(self, found: ChannelSender, status: lifecycle.Status) -> ChannelSender:
        """A status that somebody decided on. Raises 20409 where nothing leads there."""
        if status not in lifecycle.FOLLOWERS[found.status]:
            raise errors.conflict(f"A sender that is {found.status} does not become {status}.")
        async with self.database.unit() as unit:
            moved = await self.move(unit, found, status)
        if moved is None:
            raise errors.update_in_progress()
        return moved

    async def set_join_code(self, found: ChannelSender, code: str | None) -> ChannelSender:
        """What recipients have to join with before they are written to; None: nobody has to."""
        await sender.set_join_code(self.database, found.account_sid, found.sid, code)
        return replace(found, join_code=code)

    async def _go_on(self, unit: Unit, kept: ChannelSender) -> None:
        waits = kept.status in ("CREATING", "VERIFYING", "ONLINE:UPDATING")
        if waits and self.is_automatic:
            due_at = clock.now(kept.world_sid) + STEP
            await enqueue(
                unit, [NewJob(PROGRESS, kept.account_sid, kept.world_sid, Progress(kept.sid), due_at)]
            )

    async def _find(self, request: Request) -> ChannelSender:
        found = await sender.get(self.database, request.account_sid, request.ids["Sid"])
        if found is None:
            raise errors.not_found(request.address)
        return found

    async def type_to(self, request: Request) -> Item:
        """Whoever wrote this message sees that it is read and answered. Raises 20404, 63105, 63016."""
        sid = str(request.params["messageId"])
        message = None
        if sids.is_sid(sid, "SM", "MM"):
            message = await queries.get(self.database, request.account_sid, sids.uuid_of(sid))
        if message is None:
            raise errors.not_found(f"/Messages/{sid}")
        if message.direction != "inbound" or e164.channel_of(message.to) != request.params["channel"]:
            raise errors.of(63105)
        if request.now - message.date_created >= WINDOW:
            raise errors.of(63016)
        key = Key(request.world_sid, message.to, message.from_ or "")
        await session.types(self.database, key, request.now + TYPING)
        return Item(fields={"success": True})


def bindings(senders: Senders) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="messaging.v2.ChannelsSender",
            operations={
                "CreateChannelsSender": senders.create,
                "FetchChannelsSender": senders.fetch,
                "ListChannelsSender": senders.page,
                "UpdateChannelsSender": senders.update,
                "DeleteChannelsSender": senders.delete,
            },
            exists=senders.exists,
        ),
        Binding(
            resource="messaging.v2.TypingIndicator",
            operations={"CreateTypingIndicator": senders.type_to},
        ),
    )


def _merged(data: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Members that were sent go over those that were there; the code that verifies is nobody's to read."""
    merged = dict(data)
    for name in _PARTS:
        sent = params.get(name)
        if sent:
            given = {field: value for field, value in sent.items() if value is not None}
            merged[name] = {**(data.get(name) or {}), **given}
    if merged.get("configuration"):
        merged["configuration"].pop("verification_code", None)
    return merged


def _item(found: ChannelSender) -> dict[str, Any]:
    """The answer's fields, with the parts of a sender that has none."""
    return {**{name: {} for name in _PARTS}, **sender.shown(found)}


def _code(found: ChannelSender, code: str) -> PhoneMessage:
    return PhoneMessage(
        world_sid=found.world_sid,
        number=e164.handset(found.address),
        direction="received",
        peer=_VERIFIER,
        body=f"Your WhatsApp code: {code}",
        date_created=clock.now(found.world_sid),
    )
