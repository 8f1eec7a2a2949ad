"""The kinds of content, each with the fields that it may have and must have.

Source: Twilio's OpenAPI document of the Content API and its pages of content types. What those call a maximum is held
against the text as it was written, variables included.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

Text: TypeAlias = Annotated[str, Meta(min_length=1)]
Body: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1600)]
Button: TypeAlias = Annotated[str, Meta(min_length=1, max_length=25)]
Long: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1024)]


class _Type(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The root of all: unknown fields pass, as Twilio adds some at any time."""


class ListItem(_Type, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=200)]
    item: Annotated[str, Meta(min_length=1, max_length=24)]
    description: Annotated[str, Meta(max_length=72)] | None = None


class CallToAction(_Type, frozen=True):
    type: Literal["URL", "PHONE_NUMBER", "COPY_CODE", "VOICE_CALL", "VOICE_CALL_REQUEST"]
    title: Button
    url: str | None = None
    phone: str | None = None
    code: str | None = None
    id: str | None = None


class QuickReply(_Type, frozen=True):
    title: Button
    type: Literal["QUICK_REPLY"] = "QUICK_REPLY"
    id: Annotated[str, Meta(max_length=200)] | None = None


class CardAction(_Type, frozen=True):
    type: Literal["URL", "PHONE_NUMBER", "QUICK_REPLY", "COPY_CODE", "VOICE_CALL"]
    title: Button
    url: str | None = None
    phone: str | None = None
    id: str | None = None
    code: str | None = None
    webview_size: Literal["TALL", "FULL", "HALF", "NONE"] | None = None


class CarouselAction(_Type, frozen=True):
    type: Literal["URL", "PHONE_NUMBER", "QUICK_REPLY"]
    title: Button
    url: str | None = None
    phone: str | None = None
    id: str | None = None


class CopyCode(_Type, frozen=True):
    type: Literal["COPY_CODE"]
    copy_code_text: Button


class CatalogItem(_Type, frozen=True):
    id: str | None = None
    section_title: str | None = None
    name: str | None = None
    media_url: str | None = None
    price: float | None = None
    description: str | None = None


class CarouselCard(_Type, frozen=True):
    body: Text
    media: Text
    actions: Annotated[list[CarouselAction], Meta(min_length=1, max_length=2)]
    title: str | None = None


class FlowComponent(_Type, frozen=True):
    type: Text
    label: str | None = None


class FlowPage(_Type, frozen=True):
    id: Text
    title: Text
    layout: Annotated[list[FlowComponent], Meta(min_length=1)]
    next_page_id: str | None = None
    subtitle: str | None = None


class TwilioText(_Type, frozen=True):
    body: Body


class TwilioMedia(_Type, frozen=True):
    media: Annotated[list[str], Meta(min_length=1, max_length=10)]
    body: Annotated[str, Meta(max_length=1600)] | None = None


class TwilioLocation(_Type, frozen=True):
    latitude: float | str
    longitude: float | str
    label: str | None = None
    id: str | None = None
    address: str | None = None


class TwilioListPicker(_Type, frozen=True):
    body: Long
    button: Annotated[str, Meta(min_length=1, max_length=20)]
    items: Annotated[list[ListItem], Meta(min_length=1, max_length=10)] | str
    multiple_selection: bool | None = None


class TwilioCallToAction(_Type, frozen=True):
    body: Long
    actions: Annotated[list[CallToAction], Meta(min_length=1, max_length=4)]


class TwilioQuickReply(_Type, frozen=True):
    body: Long
    actions: Annotated[list[QuickReply], Meta(min_length=1, max_length=10)]


class TwilioCard(_Type, frozen=True):
    title: Long | None = None
    body: Annotated[str, Meta(max_length=1600)] | None = None
    subtitle: Annotated[str, Meta(max_length=60)] | None = None
    media: Annotated[list[str], Meta(max_length=1)] | None = None
    actions: Annotated[list[CardAction], Meta(max_length=10)] | None = None
    orientation: str | None = None


class TwilioCatalog(_Type, frozen=True):
    body: Long
    title: str | None = None
    subtitle: Annotated[str, Meta(max_length=60)] | None = None
    id: str | None = None
    items: Annotated[list[CatalogItem], Meta(max_length=30)] | None = None
    dynamic_items: str | None = None


class TwilioCarousel(_Type, frozen=True):
    body: Long
    cards: Annotated[list[CarouselCard], Meta(min_length=1, max_length=10)]


class TwilioFlows(_Type, frozen=True):
    body: Long
    button_text: Button
    type: Text
    pages: Annotated[list[FlowPage], Meta(min_length=1)]
    subtitle: str | None = None
    media_url: str | None = None


class TwilioSchedule(_Type, frozen=True):
    id: Text
    title: Text
    timeSlots: str | list[Any]  # noqa: N815 - Twilio's name


class WhatsappCard(_Type, frozen=True):
    body: Long
    footer: Annotated[str, Meta(max_length=60)] | None = None
    media: Annotated[list[str], Meta(max_length=1)] | None = None
    header_text: Annotated[str, Meta(max_length=60)] | None = None
    actions: Annotated[list[CardAction], Meta(max_length=10)] | None = None


class WhatsappAuthentication(_Type, frozen=True):
    actions: Annotated[list[CopyCode], Meta(min_length=1, max_length=1)]
    add_security_recommendation: bool | None = None
    code_expiration_minutes: Annotated[float, Meta(ge=1, le=90)] | None = None


class WhatsappFlows(_Type, frozen=True):
    body: Long
    button_text: Button
    flow_id: Text
    subtitle: str | None = None
    media_url: str | None = None
    flow_token: str | None = None
    flow_first_page_id: str | None = None
    is_flow_first_page_endpoint: bool | None = None


# From the plainest to the richest: of several that a channel can show it shows the last (Twilio: "Content Types
# Overview").
TYPES: Final[Mapping[str, type[_Type]]] = {
    "twilio/text": TwilioText,
    "twilio/media": TwilioMedia,
    "twilio/location": TwilioLocation,
    "twilio/quick-reply": TwilioQuickReply,
    "twilio/call-to-action": TwilioCallToAction,
    "twilio/list-picker": TwilioListPicker,
    "twilio/card": TwilioCard,
    "twilio/carousel": TwilioCarousel,
    "twilio/catalog": TwilioCatalog,
    "twilio/schedule": TwilioSchedule,
    "twilio/flows": TwilioFlows,
    "whatsapp/flows": WhatsappFlows,
    "whatsapp/card": WhatsappCard,
    "whatsapp/authentication": WhatsappAuthentication,
}
_EVERYWHERE: Final = frozenset({"sms", "whatsapp", "messenger", "rcs"})
_RICH: Final = frozenset({"whatsapp", "rcs"})
_WHATSAPP: Final = frozenset({"whatsapp"})
# Channels that can show a type; the rest of the page's table.
CHANNELS: Final[Mapping[str, frozenset[str]]] = {
    "twilio/text": _EVERYWHERE,
    "twilio/media": _EVERYWHERE,
    "twilio/quick-reply": frozenset({"whatsapp", "messenger", "rcs"}),
    "twilio/call-to-action": frozenset({"whatsapp", "messenger", "rcs"}),
    "twilio/card": frozenset({"whatsapp", "messenger", "rcs"}),
    "twilio/carousel": _RICH,
    **dict.fromkeys(("twilio/location", "twilio/list-picker", "twilio/catalog", "twilio/flows"), _WHATSAPP),
    **dict.fromkeys(("whatsapp/flows", "whatsapp/card", "whatsapp/authentication"), _WHATSAPP),
    "twilio/schedule": frozenset({"rcs"}),
}
# What a button of each kind must say beside its title.
_NEEDS: Final = {"URL": "url", "PHONE_NUMBER": "phone", "COPY_CODE": "code"}


class Unfit(ValueError):
    """A type that may not be so; the text says what and where."""


def without_nulls(value: Any) -> Any:
    """SDKs name every field that a type could have, null where it has none."""
    if isinstance(value, Mapping):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def check(types: Mapping[str, Any]) -> None:
    """Every type of a content. Raises Unfit."""
    if not types:
        raise Unfit("types must have at least one content type")
    for name, value in types.items():
        if name not in TYPES:
            raise Unfit(f"{name} is not a content type; they are {', '.join(TYPES)}")
        try:
            found = msgspec.convert(value, TYPES[name], strict=True)
        except msgspec.ValidationError as error:
            raise Unfit(f"{name}: {error}") from None
        _check_actions(name, found)
        if name == "twilio/card" and not (getattr(found, "title", None) or getattr(found, "body", None)):
            raise Unfit(f"{name}: a title or a body is needed")


def _check_actions(name: str, found: Any) -> None:
    actions = list(getattr(found, "actions", None) or ())
    for card in getattr(found, "cards", None) or ():
        actions += card.actions
    for action in actions:
        needed = _NEEDS.get(action.type)
        if needed and hasattr(action, needed) and not getattr(action, needed):
            raise Unfit(f"{name}: an action of type {action.type} needs {needed}")
