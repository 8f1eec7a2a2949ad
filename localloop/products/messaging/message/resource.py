"""A message as it is kept and shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from localloop.core import errors, sids
from localloop.payloads.part import API_VERSION
from localloop.products.messaging.message.lifecycle import Status


class Feedback(Struct, frozen=True):
    """What the application says of a message: whether its recipient did what it was sent for."""

    outcome: str  # confirmed | unconfirmed
    date_created: datetime
    date_updated: datetime


class Options(Struct, frozen=True, omit_defaults=True):
    """What a message was asked to do beyond its columns. Kept as JSON; defaults are left out."""

    application_sid: str | None = None
    validity_period: int | None = None
    max_price: str | None = None
    provide_feedback: bool = False
    feedback: Feedback | None = None
    callback_method: str = "POST"
    in_reply_to: str | None = None  # TwiML reply: the SID of the inbound message
    attempt: int | None = None  # which attempt of the application this is, for its statistics
    force_delivery: bool = False
    risk_check: str | None = None  # enable | disable
    traffic_type: str | None = None  # free
    send_as_mms: bool = False
    smart_encoded: bool | None = None  # None leaves it to the messaging service
    send_at: datetime | None = None  # of a scheduled message
    content_sid: str | None = None
    content_variables: str | None = None  # JSON, as it was sent
    shorten_urls: bool = False
    persistent_action: tuple[str, ...] = ()
    content_retention: str | None = None  # retain | discard
    address_retention: str | None = None  # retain | obfuscate
    opt_out_type: str | None = None  # of a keyword that came in: STOP | START | HELP
    channel_install_sid: str | None = None  # XE…: the sender of the channel that it goes out by
    channel_params: Mapping[str, str] | None = (
        None  # of one that came by a channel: what its webhook says of it
    )
    rich: Mapping[str, Any] | None = None  # what the channel shows beside the text
    failure: int | None = None  # why it will not be sent, known since it was accepted


class Message(Struct, frozen=True, kw_only=True):
    """One row. `to` and `from_` are E.164, a short code, an alphanumeric sender or a channel address."""

    account_sid: str
    world_sid: str
    id: UUID
    prefix: str = "SM"
    status: Status
    direction: str
    from_: str | None = field(name="from")
    to: str
    body: str | None
    num_segments: int = 1
    num_media: int = 0
    price: Decimal | None = None
    price_unit: str | None = "USD"
    error_code: int | None = None
    messaging_service_sid: str | None = None
    status_callback: str | None = None
    options: Options = Options()
    date_created: datetime
    date_sent: datetime | None = None
    date_updated: datetime

    @property
    def sid(self) -> str:
        return sids.from_uuid(self.prefix, self.id)

    @property
    def may_have_files(self) -> bool:
        """Also one of which the media became addresses in its text."""
        return self.prefix == "MM"

    @property
    def is_mms(self) -> bool:
        """It goes as a multimedia message, with files or because that was asked for."""
        return self.num_media > 0 or self.options.send_as_mms


class Shown(Struct, frozen=True, kw_only=True):
    """The fields of the API's answer, by their wire names; the house tests hold them against the contract."""

    sid: str
    account_sid: str
    api_version: str
    body: str | None
    date_created: datetime
    date_sent: datetime | None
    date_updated: datetime
    direction: str
    error_code: int | None
    error_message: str | None
    from_: str | None = field(name="from")
    messaging_service_sid: str | None
    num_media: str
    num_segments: str
    price: str | None
    price_unit: str | None
    status: str
    to: str


def shown(message: Message) -> Mapping[str, Any]:
    """The answer's fields. Counts and prices are strings on the wire (Twilio's API reference)."""
    return {
        "sid": message.sid,
        "account_sid": message.account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": message.date_created,
        "date_sent": message.date_sent,
        "date_updated": message.date_updated,
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": errors.title(message.error_code) if message.error_code else None,
        "from": message.from_,
        "messaging_service_sid": message.messaging_service_sid,
        "num_media": str(message.num_media),
        "num_segments": str(message.num_segments),
        "price": None if message.price is None else f"{message.price:.5f}",
        "price_unit": message.price_unit,
        "status": message.status,
        "to": message.to,
    }
