"""The parameters of messaging webhooks.

Sources: Twilio's "Twilio's Request to your Webhook URL" and "Track outbound message status".
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from localloop.payloads import part
from localloop.payloads.part import Part, said

MessageStatus: TypeAlias = Literal[
    "accepted",
    "scheduled",
    "queued",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "failed",
    "read",
    "canceled",
]
OptOutType: TypeAlias = Literal["STOP", "START", "HELP"]
_SID = "SM0f3c1e5a7b9d2f4061728394a5b6c7d8"
_ACCOUNT = "AC00000000000000000000000000000001"
_SERVICE = "MG0f3c1e5a7b9d2f4061728394a5b6c7d8"
_ADVERTISED = "an advertisement of WhatsApp led to it"


class InboundMessage(Part, frozen=True, kw_only=True):
    """A message that came, told to whoever answers it."""

    message_sid: Annotated[str, said("The message", _SID, pattern=part.MESSAGE_SID)]
    sms_sid: Annotated[str, said("The same as MessageSid", _SID, pattern=part.MESSAGE_SID)]
    sms_message_sid: Annotated[str, said("The same as MessageSid", _SID, pattern=part.MESSAGE_SID)]
    account_sid: Annotated[str, said("The account that it belongs to", _ACCOUNT, pattern=part.ACCOUNT_SID)]
    from_: Annotated[str, said("Who sent it: a number in E.164, or an address of a channel", "+12125550101")]
    to: Annotated[str, said("The number or address of yours that it came to", "+13125550100")]
    body: Annotated[str, said("Its text, empty when there is none", "Hello")]
    num_media: Annotated[str, said("How many media it has", "0", pattern=part.NUMBER)]
    num_segments: Annotated[str, said("How many segments it came in", "1", pattern=part.NUMBER)]
    sms_status: Annotated[Literal["received"], said("What became of it", "received")]
    api_version: Annotated[part.ApiVersion, said("The version of the API", part.API_VERSION)]
    messaging_service_sid: Annotated[
        str | UnsetType,
        said("The messaging service", _SERVICE, when="it came to a service", pattern=part.SERVICE_SID),
    ] = UNSET


class Media(Part, frozen=True, kw_only=True):
    """One of a message's media: the names end in its number, MediaUrl0, MediaContentType0 and so on."""

    media_url: Annotated[
        str,
        said(
            "Where the medium is",
            "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages/"
            "MM0f3c1e5a7b9d2f4061728394a5b6c7d8/Media/ME0f3c1e5a7b9d2f4061728394a5b6c7d8",
            when="for each of NumMedia, from 0",
            pattern="^https?://",
        ),
    ]
    media_content_type: Annotated[
        str,
        said("Its type", "image/jpeg", when="for each of NumMedia, from 0", pattern="^[a-z]+/"),
    ]


class OptOut(Part, frozen=True, kw_only=True):
    """What advanced opt-out adds to an inbound message."""

    opt_out_type: Annotated[
        OptOutType, said("What a keyword did", "STOP", when="advanced opt-out knows the body")
    ]


class ChannelMessage(Part, frozen=True, kw_only=True):
    """What WhatsApp and RCS add to an inbound message."""

    message_type: Annotated[
        str | UnsetType, said("What kind of message it is", "text", when="it came by a channel")
    ] = UNSET
    channel_metadata: Annotated[
        str | UnsetType,
        said(
            "What the channel says of the sender, JSON",
            '{"type":"whatsapp","data":{"context":{"ProfileName":"Ada","WaId":"12125550101"}}}',
            when="it came by WhatsApp",
        ),
    ] = UNSET
    profile_name: Annotated[str | UnsetType, said("The sender's name", "Ada", when="it came by WhatsApp")] = (
        UNSET
    )
    wa_id: Annotated[
        str | UnsetType, said("The sender's WhatsApp ID", "12125550101", when="it came by WhatsApp")
    ] = UNSET
    forwarded: Annotated[
        part.Boolean | UnsetType,
        said("Whether it was forwarded", "true", when="it was forwarded by WhatsApp"),
    ] = UNSET
    frequently_forwarded: Annotated[
        part.Boolean | UnsetType,
        said("Whether it was forwarded often", "true", when="it was forwarded often by WhatsApp"),
    ] = UNSET
    button_text: Annotated[str | UnsetType, said("The button's text", "Yes", when="a button was pressed")] = (
        UNSET
    )
    button_payload: Annotated[
        str | UnsetType, said("What the button was given", "confirm", when="a button was pressed")
    ] = UNSET
    button_type: Annotated[
        Literal["REPLY", "ACTION"] | UnsetType, said("Its kind", "REPLY", when="a button was pressed")
    ] = UNSET
    interactive_data: Annotated[
        str | UnsetType,
        said("What was chosen or filled in, as JSON", "{}", when="it answers something to choose"),
    ] = UNSET
    flow_data: Annotated[
        str | UnsetType, said("What was filled in, as JSON", "{}", when="it ends a flow of WhatsApp")
    ] = UNSET
    list_id: Annotated[
        str | UnsetType, said("The item's id", "first", when="an item of a list was chosen")
    ] = UNSET
    list_title: Annotated[
        str | UnsetType, said("The item's title", "First", when="an item of a list was chosen")
    ] = UNSET
    list_description: Annotated[
        str | UnsetType,
        said("The item's description", "The first of all", when="an item with one was chosen"),
    ] = UNSET
    latitude: Annotated[str | UnsetType, said("Degrees north", "47.37", when="it shares a place")] = UNSET
    longitude: Annotated[str | UnsetType, said("Degrees east", "8.54", when="it shares a place")] = UNSET
    address: Annotated[
        str | UnsetType, said("The place's address", "1 Main Street", when="it shares a place")
    ] = UNSET
    label: Annotated[str | UnsetType, said("The place's name", "Office", when="it shares a place")] = UNSET
    original_replied_message_sender: Annotated[
        str | UnsetType,
        said("Who sent that", "whatsapp:+13125550100", when="it answers a message of WhatsApp"),
    ] = UNSET
    original_replied_message_sid: Annotated[
        str | UnsetType, said("What it answers", _SID, when="it answers a message of WhatsApp")
    ] = UNSET


class Referral(Part, frozen=True, kw_only=True):
    """The advertisement of WhatsApp that led to a message."""

    referral_body: Annotated[str | UnsetType, said("Its text", "Open all night", when=_ADVERTISED)] = UNSET
    referral_headline: Annotated[str | UnsetType, said("Its headline", "Ada's", when=_ADVERTISED)] = UNSET
    referral_source_id: Annotated[str | UnsetType, said("Its ID", "118588094077142", when=_ADVERTISED)] = (
        UNSET
    )
    referral_source_type: Annotated[str | UnsetType, said("What it is", "ad", when=_ADVERTISED)] = UNSET
    referral_source_url: Annotated[
        str | UnsetType, said("Where it is", "https://fb.me/3cr4Wqqkv", when=_ADVERTISED)
    ] = UNSET
    referral_media_id: Annotated[str | UnsetType, said("Its medium", "6923", when=_ADVERTISED)] = UNSET
    referral_media_content_type: Annotated[
        str | UnsetType, said("The type of that", "image/jpeg", when=_ADVERTISED)
    ] = UNSET
    referral_media_url: Annotated[
        str | UnsetType, said("Where that is", "https://example.com/ad.jpg", when=_ADVERTISED)
    ] = UNSET
    referral_num_media: Annotated[
        str | UnsetType, said("How many it has", "1", when=_ADVERTISED, pattern=part.NUMBER)
    ] = UNSET
    referral_ctwa_clid: Annotated[
        str | UnsetType, said("The click on it", "ARAkLkA8rmlFeiCktEJQ", when=_ADVERTISED)
    ] = UNSET


class MessageChange(Part, frozen=True, kw_only=True):
    """A change of a message that was sent."""

    message_sid: Annotated[str, said("The message", _SID, pattern=part.MESSAGE_SID)]
    sms_sid: Annotated[str, said("The same as MessageSid", _SID, pattern=part.MESSAGE_SID)]
    message_status: Annotated[MessageStatus, said("What has become of it", "delivered")]
    sms_status: Annotated[MessageStatus, said("The same as MessageStatus", "delivered")]
    account_sid: Annotated[str, said("The account that sent it", _ACCOUNT, pattern=part.ACCOUNT_SID)]
    from_: Annotated[str, said("Who sent it, empty as long as a service has not chosen", "+13125550100")]
    to: Annotated[str, said("Who gets it", "+12125550101")]
    api_version: Annotated[part.ApiVersion, said("The version of the API", part.API_VERSION)]
    messaging_service_sid: Annotated[
        str | UnsetType,
        said("The messaging service", _SERVICE, when="a service sent it", pattern=part.SERVICE_SID),
    ] = UNSET
    error_code: Annotated[
        str | UnsetType, said("Why it failed", "30003", when="it failed", pattern=part.CODE)
    ] = UNSET
    raw_dlr_done_date: Annotated[
        str | UnsetType,
        said(
            "When the carrier was done, YYMMDDhhmm",
            "2601020304",
            when="MessageStatus is delivered or undelivered",
            pattern="^[0-9]{10}$",
        ),
    ] = UNSET


class Click(Part, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Somebody followed a short link."""

    event_type: Annotated[Literal["click"], said("What happened", "click")]
    sms_sid: Annotated[str, said("The message that the link was in", _SID, pattern=part.MESSAGE_SID)]
    to: Annotated[str, said("Who got it", "+12125550101")]
    from_: Annotated[str, said("Who sent it", "+13125550100")]
    link: Annotated[str, said("Where the link leads", "https://example.com/long")]
    click_time: Annotated[str, said("When, ISO 8601", "2026-01-02T03:04:05Z")]
    messaging_service_sid: Annotated[
        str | UnsetType,
        said("The messaging service", _SERVICE, when="a service sent it", pattern=part.SERVICE_SID),
    ] = UNSET
    account_sid: Annotated[str, said("The account that sent it", _ACCOUNT, pattern=part.ACCOUNT_SID)]
    user_agent: Annotated[str, said("What followed it", "Mozilla/5.0")]


class ChannelChange(Part, frozen=True, kw_only=True):
    """What channels beyond SMS add to a change."""

    error_message: Annotated[
        str | UnsetType, said("Why it failed, in words", "Unreachable destination handset", when="it failed")
    ] = UNSET
    channel_install_sid: Annotated[
        str, said("The channel's installation", "XE" + "0" * 32, when="it was sent by a channel")
    ]
    channel_to_address: Annotated[
        str,
        said(
            "Who gets it, in the channel's words; numbers without their end",
            "+1212555XXXX",
            when="it was sent by a channel",
        ),
    ]
    channel_prefix: Annotated[str, said("The channel", "whatsapp", when="it was sent by a channel")]
    structured_message: Annotated[
        part.Boolean | UnsetType,
        said("Whether a template was sent", "false", when="it was sent by a channel and is on its way"),
    ] = UNSET
    channel_status_message: Annotated[
        str | UnsetType, said("What the channel says", "Channel error", when="the channel refused it")
    ] = UNSET
    event_type: Annotated[
        Literal["DELIVERED", "UNDELIVERED", "READ"] | UnsetType,
        said(
            "What happened in the channel", "READ", when="it was sent by a channel and something became of it"
        ),
    ] = UNSET
