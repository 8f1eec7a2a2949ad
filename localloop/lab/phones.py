"""The lab's phones over REST: how each behaves, what it holds, a text from it, and waiting for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from localloop.carriers import findings, phones
from localloop.carriers.patterns import PatternError
from localloop.carriers.personas import CHANNELS
from localloop.carriers.phones import Phone, PhoneMessage, Selection, Setting
from localloop.carriers.watch import PhoneWatch, Wanted
from localloop.core import e164, errors, sids
from localloop.core.errors import ApiError
from localloop.lab.patience import Patience, seconds_of
from localloop.lab.personas import own_address, rules_of, shown_rule
from localloop.products.messaging import Said, Texted
from localloop.rest.request import Binding, Item, Items, Request
from localloop.store import Database, Unit

PREFIX = "PM"
NOTHING_CAME = 20408  # our own code: Twilio has no long poll


class Receiver(Protocol):
    """Whoever takes texts from phones to numbers of the world: `products.messaging`."""

    async def take(self, texted: Texted) -> PhoneMessage | None:
        """The text as the phone keeps it, in one commit with its arrival; None when nobody gets texts there."""
        ...

    def phones_changed(self, unit: Unit) -> None:
        """Say in a unit of work that a phone behaves differently: some refuse messages before they are accepted."""
        ...

    async def read(self, world_sid: str, text: PhoneMessage) -> None:
        """Somebody reads what the phone received. Raises 63105 where its channel does not tell."""
        ...

    async def typing_to(self, world_sid: str, phone: str) -> Sequence[str]:
        """Who is seen typing on it."""
        ...


class Lab(Struct, frozen=True):
    database: Database
    watch: PhoneWatch
    receiver: Receiver
    patience: Patience


def bindings(lab: Lab) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="lab.v1.Phone",
            operations={
                "ListPhone": partial(list_phones, lab),
                "FetchPhone": partial(fetch, lab),
                "UpdatePhone": partial(update, lab),
            },
        ),
        Binding(
            resource="lab.v1.PhoneMessage",
            operations={
                "ListPhoneMessage": partial(list_messages, lab),
                "CreatePhoneMessage": partial(send, lab),
                "FetchPhoneMessage": partial(fetch_message, lab),
                "UpdatePhoneMessage": partial(read, lab),
                "FetchPhoneMessageWait": partial(wait, lab),
            },
        ),
    )


async def list_phones(lab: Lab, request: Request) -> Items:
    """Phones that were configured or hold messages, by number."""
    page = request.page
    size, after = (page.size, page.after or "") if page else (50, "")
    found = await phones.list_phones(lab.database, request.world_sid, after=after, limit=size + 1)
    return Items(items=[_shown(phone) for phone in found[:size]], more=len(found) > size, earlier=bool(after))


async def fetch(lab: Lab, request: Request) -> Item:
    """There is a phone behind every number, so there always is an answer."""
    number = _number(request)
    phone = await phones.get_phone(lab.database, request.world_sid, number)
    typing = await lab.receiver.typing_to(request.world_sid, number)
    return Item(fields={**_shown(phone), "typing": list(typing)})


async def update(lab: Lab, request: Request) -> Item:
    params = request.params
    setting = Setting(params.get("Behavior") or None, params.get("Delay"), _persona(params))
    number = _number(request)
    async with lab.database.unit() as unit:
        phone = await phones.set_phone(unit, request.world_sid, number, setting, request.now)
        lab.receiver.phones_changed(unit)
    return Item(fields=_shown(phone))


def _persona(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """What changes of it; an empty text takes away what was there."""
    changed: dict[str, Any] = {}
    if "Rules" in params:
        try:
            changed["rules"] = rules_of(params["Rules"] or ())
        except ValueError as error:
            raise errors.invalid_parameter("Rules", f"{error}.") from None
    if "Channels" in params:
        changed["channels"] = tuple(each for each in params["Channels"] or () if each)
    if "ReadDelay" in params or "Reads" in params:
        changed["read_delay"] = params.get("ReadDelay", 0) if params.get("Reads", True) else None
    return changed


async def list_messages(lab: Lab, request: Request) -> Items:
    page = request.page
    size = page.size if page else 50
    selection = Selection(
        direction=request.params.get("Direction"),
        after=_text_id(page.after if page else None, errors.invalid_page_token()),
        before=_text_id(page.before if page else None, errors.invalid_page_token()),
        limit=size + 1,
    )
    found = await phones.list_messages(lab.database, request.world_sid, _number(request), selection)
    backward = selection.before is not None
    kept = found[-size:] if backward else found[:size]
    more = backward or len(found) > size
    earlier = len(found) > size if backward else selection.after is not None
    return Items(items=[_text(message) for message in kept], more=more, earlier=earlier)


async def send(lab: Lab, request: Request) -> Item:
    """A text from this phone. It goes to whoever owns `To` in this world; 21211 when nobody does."""
    number, params = _number(request), request.params
    to = e164.address(params["To"])
    media = tuple(params.get("MediaUrl") or ())
    body = params.get("Body") or ""
    said = _said(params)
    if not (body or media or said.press or said.latitude):
        raise errors.content_required()
    address = str(to) if e164.channel_of(str(to)) else to.value
    sent = await lab.receiver.take(
        Texted(world_sid=request.world_sid, phone=number, to=address, body=body, media=media, said=said)
    )
    if sent is None:
        raise ApiError(
            400,
            21211,
            f"Nobody in this world gets texts at {to.value}, so this one would reach no program.",
        )
    return Item(fields=_text(sent))


async def fetch_message(lab: Lab, request: Request) -> Item:
    return Item(fields=_text(await _message(lab, request)))


async def read(lab: Lab, request: Request) -> Item:
    """Somebody reads it: its sender is told by channels that do so."""
    message = await _message(lab, request)
    await lab.receiver.read(request.world_sid, message)
    return Item(fields=_text(message))


async def _message(lab: Lab, request: Request) -> PhoneMessage:
    text_id = _text_id(request.ids["Sid"], errors.not_found(request.address))
    assert text_id is not None
    found = await phones.get_message(lab.database, request.world_sid, _number(request), text_id)
    if found is None:
        raise errors.not_found(request.address)
    return found


async def wait(lab: Lab, request: Request) -> Item:
    """A text that fits, at once or when it comes; 408 with what came closest."""
    params = request.params
    after = _text_id(params.get("After"), errors.invalid_parameter("After"))
    wanted = Wanted(
        params.get("Matches") or "",
        params.get("Direction"),
        params.get("Since"),
        after,
        has=params.get("Has"),
        oldest=params.get("Order") == "oldest",
    )
    seconds = seconds_of(request.world_sid, params.get("Timeout"))
    try:
        async with lab.patience.wait(request.world_sid, seconds) as lasting:
            found = await lab.watch.wait(request.world_sid, _number(request), wanted, lasting.over)
    except PatternError as error:
        raise errors.invalid_parameter("Matches", str(error)) from None
    if found.message is None:
        raise _nothing_came(wanted, seconds, found.closest)
    return Item(fields=_text(found.message))


def _nothing_came(wanted: Wanted, seconds: float, closest: PhoneMessage | None) -> ApiError:
    asked = f"{wanted.direction} text" if wanted.direction else "text"
    asked += f" with a {wanted.has}" if wanted.has else ""
    matching = f" that matches {wanted.matches!r}" if wanted.matches else ""
    text = f"No {asked}{matching} came within {seconds:g} s"
    if closest is None:
        return ApiError(408, NOTHING_CAME, f"{text}; the phone holds none.")
    details = {"closest": {"direction": closest.direction, "from": closest.peer, "body": closest.body}}
    return ApiError(408, NOTHING_CAME, f"{text}. Closest: {closest.body!r}.", details)


def _number(request: Request) -> str:
    address = e164.address(request.ids["Number"])
    if address.channel == "messenger":
        return str(address)
    number = e164.parse(request.ids["Number"])
    if number is None or not number.is_possible:
        raise errors.invalid_to(request.ids["Number"])
    return number.e164


def _text_id(sid: str | None, refusal: ApiError) -> UUID | None:
    """The id of a text that may be named; raises `refusal` for another name."""
    if sid is None:
        return None
    if not sids.is_sid(sid, PREFIX):
        raise refusal
    return sids.uuid_of(sid)


def _said(params: Mapping[str, Any]) -> Said:
    latitude, longitude = params.get("Latitude"), params.get("Longitude")
    if (latitude is None) != (longitude is None):
        raise errors.missing_parameter("Latitude" if latitude is None else "Longitude")
    return Said(
        press=params.get("Press") or None,
        profile_name=params.get("ProfileName") or None,
        latitude=None if latitude is None else str(latitude),
        longitude=None if longitude is None else str(longitude),
        address=params.get("Address") or None,
        label=params.get("Label") or None,
        reply_to=params.get("ReplyTo") or None,
        is_forwarded=bool(params.get("Forwarded")),
    )


def _shown(phone: Phone) -> Mapping[str, Any]:
    return {
        "number": phone.number,
        "behavior": phone.behavior,
        "delay": phone.delay_ms,
        "read_delay": phone.persona.read_delay,
        "channels": phone.persona.channels or CHANNELS,
        "rules": [shown_rule(rule) for rule in phone.persona.rules],
        "date_created": phone.date_created,
        "date_updated": phone.date_updated,
    }


def _text(message: PhoneMessage) -> Mapping[str, Any]:
    received = message.direction == "received"
    channel = e164.channel_of(message.peer)
    own = own_address(message)
    return {
        "sid": sids.from_uuid(PREFIX, message.id),
        "number": message.number,
        "direction": message.direction,
        "channel": channel or "sms",
        "from": message.peer if received else own,
        "to": own if received else message.peer,
        "body": message.body,
        "media": list(message.media),
        "content": message.content,
        "codes": findings.codes(message.body),
        "links": findings.links(message.body),
        "message_sid": message.message_sid,
        "date_created": message.date_created,
    }
