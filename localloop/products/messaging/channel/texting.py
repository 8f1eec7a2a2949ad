"""A text from a simulated phone, on its way to whom it was written to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from localloop.carriers import phones
from localloop.carriers.phones import PhoneMessage, Selection
from localloop.core import clock, e164, segments, sids
from localloop.products.messaging.channel import incoming
from localloop.products.messaging.channel.book import ChannelBook
from localloop.products.messaging.channel.incoming import Texted
from localloop.products.messaging.channel.sender import ChannelSender
from localloop.products.messaging.channel.session import Key, Visit
from localloop.products.messaging.media.resource import Attached
from localloop.products.messaging.message.deliver import arrival_of
from localloop.products.messaging.message.outcome import Arrival
from localloop.products.messaging.message.resource import Message
from localloop.products.messaging.service.directory import Services
from localloop.products.numbers import Directory

LEAVE: Final = "stop"
_LOOKED_AT: Final = 50  # texts of a phone that a button is looked for on


Files: TypeAlias = tuple[Attached, ...]  # what is attached, as it is kept


class Typed(Struct, frozen=True, kw_only=True):
    """What becomes of it, to be kept in one unit: texts on the phone (its own first), and what arrives."""

    texts: tuple[PhoneMessage, ...]
    arrivals: tuple[Arrival, ...] = ()
    visit: Visit | None = None


class Addressee(Struct, frozen=True, kw_only=True):
    """Whose number or sender it was written to."""

    account_sid: str
    service_sid: str | None = None
    channel_params: Mapping[str, str] | None = None


async def by_network(
    directory: Directory, services: Services, texted: Texted, files: Files = ()
) -> Typed | None:
    """To a number; None when nobody gets texts there."""
    owned = await directory.find(texted.world_sid, texted.to)
    if owned is None or not owned.sms_enabled:
        return None
    service_sid = await services.sid_of_number(owned.account_sid, owned.sid)
    addressee = Addressee(account_sid=owned.account_sid, service_sid=service_sid)
    return _typed(replace(texted, to=owned.phone_number), files, addressee)


async def by_channel(
    book: ChannelBook, services: Services, texted: Texted, files: Files = ()
) -> Typed | None:
    """To a sender of a channel; None when nobody has that address. A sandbox itself answers who joins and leaves."""
    found = await book.find(texted.world_sid, texted.to)
    if found is None or not found.may_send:
        return None
    if found.join_code is not None:
        answered = _sandbox(found, texted)
        if answered is not None:
            return answered
    said, button = texted.said, None
    if said.press is not None:
        held = await phones.list_messages(
            book.database, texted.world_sid, texted.phone, Selection(direction="received", limit=_LOOKED_AT)
        )
        button = incoming.pressed(said.press, texted.to, held)
    told = incoming.told(texted.from_, texted.to, texted.body, said, button)
    addressee = Addressee(
        account_sid=found.account_sid,
        service_sid=await services.sid_of_sender(found.account_sid, found.sid),
        channel_params=told.params,
    )
    visit = Visit(Key(texted.world_sid, texted.to, texted.from_), clock.now(texted.world_sid))
    return replace(_typed(replace(texted, body=told.body), files, addressee), visit=visit)


def _sandbox(found: ChannelSender, texted: Texted) -> Typed | None:
    """What a sandbox says to `join …` and `stop`; None for what goes to the application."""
    words = texted.body.strip().lower()
    is_joining = words == f"join {found.join_code}".lower()
    if not is_joining and words != LEAVE:
        return None
    typed = _text(texted, None)
    text = (
        f"You are all set! The sandbox can now send/receive messages from {found.address}."
        " Reply stop to leave the sandbox any time."
        if is_joining
        else "You have left the sandbox."
    )
    answer = replace(typed, id=sids.new_id(), direction="received", body=text, media=())
    key = Key(texted.world_sid, found.address, texted.from_)
    visit = Visit(key, typed.date_created, joins=is_joining, leaves=not is_joining)
    return Typed(texts=(typed, answer), visit=visit)


def _typed(texted: Texted, files: Files, addressee: Addressee) -> Typed:
    message = _message(texted, addressee)
    arrival = arrival_of(message, files, addressee.channel_params)
    return Typed(texts=(_text(texted, arrival.message.sid, files),), arrivals=(arrival,))


def _text(texted: Texted, message_sid: str | None, files: Files = ()) -> PhoneMessage:
    return PhoneMessage(
        world_sid=texted.world_sid,
        number=texted.phone,
        direction="sent",
        peer=texted.to,
        body=texted.body,
        media=tuple(each.url for each in files),
        message_sid=message_sid,
        answers=texted.answers,
        date_created=clock.now(texted.world_sid),
    )


def _message(texted: Texted, addressee: Addressee) -> Message:
    now = clock.now(texted.world_sid)
    is_channel = bool(e164.channel_of(texted.to))
    return Message(
        account_sid=addressee.account_sid,
        world_sid=texted.world_sid,
        id=UUID(int=0),
        status="receiving",
        direction="inbound",
        from_=texted.from_,
        to=texted.to,
        body=texted.body,
        num_segments=1 if is_channel or not texted.body else segments.count(texted.body).parts,
        messaging_service_sid=addressee.service_sid,
        date_created=now,
        date_updated=now,
    )
