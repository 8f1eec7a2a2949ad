"""What was asked for, whether by REST or by TwiML, before anything is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from localloop.products.messaging.link.shorten import ShortLink


class Wanted(Struct, frozen=True, kw_only=True):
    """One field for each parameter of `POST …/Messages`; None or False where it was not sent."""

    to: str | None
    from_: str | None
    body: str | None
    media: tuple[str, ...] = ()
    status_callback: str | None = None
    callback_method: str = "POST"
    application_sid: str | None = None
    messaging_service_sid: str | None = None
    validity_period: int | None = None
    max_price: str | None = None
    provide_feedback: bool = False
    smart_encoded: bool | None = None  # None leaves it to the messaging service
    send_as_mms: bool = False
    attempt: int | None = None
    force_delivery: bool = False
    risk_check: str | None = None  # enable | disable
    traffic_type: str | None = None  # free
    schedule_type: str | None = None  # fixed
    send_at: datetime | None = None
    content_sid: str | None = None
    content_variables: str | None = None  # JSON, as it was sent
    shorten_urls: bool = False
    persistent_action: tuple[str, ...] = ()
    content_retention: str | None = None  # retain | discard
    address_retention: str | None = None  # retain | obfuscate
    # What became of the content and the links, for the message itself: no parameters.
    rich: Mapping[str, Any] | None = None
    failure: int | None = None
    links: tuple[ShortLink, ...] = ()


def wanted(params: Mapping[str, Any]) -> Wanted:
    """The parameters of `POST …/Messages`. An empty text counts as not sent, but for the body."""
    max_price = params.get("MaxPrice")
    return Wanted(
        to=params.get("To"),
        from_=params.get("From"),
        body=params.get("Body"),
        media=tuple(params.get("MediaUrl") or ()),
        status_callback=params.get("StatusCallback") or None,
        application_sid=params.get("ApplicationSid") or None,
        messaging_service_sid=params.get("MessagingServiceSid") or None,
        validity_period=params.get("ValidityPeriod"),
        max_price=None if max_price is None else str(max_price),
        provide_feedback=bool(params.get("ProvideFeedback")),
        smart_encoded=params.get("SmartEncoded"),
        send_as_mms=bool(params.get("SendAsMms")),
        attempt=params.get("Attempt"),
        force_delivery=bool(params.get("ForceDelivery")),
        risk_check=params.get("RiskCheck") or None,
        traffic_type=params.get("TrafficType") or None,
        schedule_type=params.get("ScheduleType") or None,
        send_at=params.get("SendAt") or None,
        content_sid=params.get("ContentSid") or None,
        content_variables=params.get("ContentVariables") or None,
        shorten_urls=bool(params.get("ShortenUrls")),
        persistent_action=tuple(params.get("PersistentAction") or ()),
        content_retention=params.get("ContentRetention") or None,
        address_retention=params.get("AddressRetention") or None,
    )
