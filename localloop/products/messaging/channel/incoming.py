"""What somebody does on a channel of a simulated phone, in the words of the webhook that tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from msgspec import UNSET, Struct, UnsetType

from localloop.carriers.phones import PhoneMessage
from localloop.core import e164, errors
from localloop.payloads.messaging import ChannelMessage
from localloop.payloads.part import given

_REPLIES: Final = frozenset({"QUICK_REPLY"})
_DEFAULT_NAME: Final = "Phone {digits}"


class Said(Struct, frozen=True, kw_only=True):
    """What comes with a text beside its words. Empty for a plain one."""

    press: str | None = (
        None  # the id or the title of a button, or of an item of a list, that the phone was sent
    )
    profile_name: str | None = None
    latitude: str | None = None
    longitude: str | None = None
    address: str | None = None
    label: str | None = None
    reply_to: str | None = None  # the SID of the message that is answered
    is_forwarded: bool = False


class Texted(Struct, frozen=True, kw_only=True):
    """What was typed on a phone. `phone` is its number, or a Messenger user's address."""

    world_sid: str
    phone: str
    to: str
    body: str
    media: tuple[str, ...] = ()
    said: Said = Said()
    answers: UUID | None = None  # the text that the phone answers by itself with this one

    @property
    def from_(self) -> str:
        """The author's address, in the channel of what it goes to."""
        channel = e164.channel_of(self.to)
        return f"{channel}:{self.phone}" if channel and not e164.channel_of(self.phone) else self.phone


class Pressed(Struct, frozen=True, kw_only=True):
    """A button that is on a phone."""

    title: str
    id: str
    of: PhoneMessage
    is_item: bool = False
    description: str | None = None


class Told(Struct, frozen=True):
    """A text that comes by a channel: its words, and what the webhook says of it."""

    body: str
    params: Mapping[str, str]


def pressed(wanted: str, peer: str, held: Sequence[PhoneMessage]) -> Pressed:
    """The newest button of this id or title that came from the peer. Raises 20001 naming those that there are."""
    found = [button for message in held if message.peer == peer for button in _buttons(message)]
    for button in found:
        if wanted in (button.id, button.title):
            return button
    there = ", ".join(repr(button.title) for button in found) or "none"
    raise errors.invalid_parameter("Press", f"The buttons from {peer} that answer are: {there}.")


def _buttons(message: PhoneMessage) -> list[Pressed]:
    content: Mapping[str, Any] = message.content or {}
    actions = [*content.get("actions", ())]
    for card in content.get("cards", ()):
        actions += card.get("actions", ())
    found = [
        Pressed(title=each["title"], id=each.get("id") or each["title"], of=message)
        for each in actions
        if each.get("type", "QUICK_REPLY") in _REPLIES
    ]
    found += [
        Pressed(
            title=each["item"],
            id=each["id"],
            of=message,
            is_item=True,
            description=each.get("description"),
        )
        for each in content.get("items", ())
        if "item" in each
    ]
    return found


def told(from_: str, to: str, body: str, said: Said, button: Pressed | None) -> Told:
    """The parameters beside those of every message; `body` is the button's title where one was pressed."""
    channel = e164.channel_of(to)
    digits = e164.handset(from_).lstrip("+")
    name = said.profile_name or _DEFAULT_NAME.format(digits=digits[-4:])
    is_whatsapp = channel == "whatsapp"
    answered = button.of.message_sid if button is not None else said.reply_to
    message = ChannelMessage(
        message_type=_type(said, button, body),
        channel_metadata=_metadata(channel, name, digits) if is_whatsapp else UNSET,
        profile_name=name if is_whatsapp else UNSET,
        wa_id=digits if is_whatsapp else UNSET,
        forwarded="true" if said.is_forwarded else UNSET,
        latitude=given(said.latitude),
        longitude=given(said.longitude),
        address=given(said.address),
        label=given(said.label),
        original_replied_message_sid=given(answered),
        original_replied_message_sender=to if answered else UNSET,
        button_text=button.title if button is not None and not button.is_item else UNSET,
        button_payload=button.id if button is not None and not button.is_item else UNSET,
        button_type="REPLY" if button is not None and not button.is_item else UNSET,
        list_id=button.id if button is not None and button.is_item else UNSET,
        list_title=button.title if button is not None and button.is_item else UNSET,
        list_description=_description(button),
    )
    return Told(button.title if button is not None else body, message.params())


def between_senders(profile_name: str, from_: str, to: str, body: str) -> Told:
    """A text from another sender of the same world."""
    return told(from_, to, body, Said(profile_name=profile_name or None), None)


def _description(button: Pressed | None) -> str | UnsetType:
    return UNSET if button is None or not button.is_item else given(button.description)


def _metadata(channel: str, name: str, digits: str) -> str:
    context = {"ProfileName": name, "WaId": digits}
    return orjson.dumps({"type": channel, "data": {"context": context}}).decode()


def _type(said: Said, button: Pressed | None, body: str) -> str:
    if button is not None:
        return "interactive" if button.is_item else "button"
    if said.latitude is not None:
        return "location"
    return "text" if body else "media"
