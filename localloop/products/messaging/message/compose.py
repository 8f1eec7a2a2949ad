"""From the parameters of a request (or of a TwiML verb) to a message that is fit to be accepted, or Twilio's error.

The order of the checks is the order in which Twilio reports them when several fail: destination, sender, content,
the rest (observed order; the documentation names none).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from localloop.core import e164, errors, segments, sids
from localloop.products.messaging.message.resource import Message, Options

MAX_BODY = 1600  # characters (21617)
MAX_VALIDITY = 36_000  # seconds (21624)
DEFAULT_VALIDITY = timedelta(seconds=MAX_VALIDITY)
MAX_URL = 4000

# Segments per second by kind of sender (facts §3.4): 1 for long codes, 3 toll-free, 100 short codes, 10 alphanumeric.
RATES: Mapping[str, float] = {"local": 1.0, "mobile": 1.0, "tollfree": 3.0, "shortcode": 100.0, "alpha": 10.0}
ALPHANUMERIC = "alpha"


class Sender(Struct, frozen=True):
    """A number of the world that may send, as `products.numbers` knows it."""

    phone_number: str
    account_sid: str
    type: str  # local | mobile | tollfree | shortcode
    sms_enabled: bool = True


class SenderBook(Protocol):
    async def owner(self, world_sid: str, address: str) -> Sender | None:
        """Whoever owns a number in this world."""
        ...

    async def adopt(self, world_sid: str, account_sid: str, address: str) -> Sender | None:
        """In open mode makes a possible number the account's own, with a notice; None where adoption is off."""
        ...


class Rules(Struct, frozen=True, kw_only=True):
    """How strict this server is, and how fast its senders are."""

    strict: bool = False  # a number must be valid, not merely possible
    rate: float | None = None  # segments per second for every sender; 0 = unlimited; None = Twilio's rates


class Draft(Struct, frozen=True, kw_only=True):
    message: Message
    pace_key: str
    interval: timedelta  # the sender's time for this message: parts divided by rate
    media: tuple[str, ...] = ()


class Origin(Struct, frozen=True, kw_only=True):
    """On whose behalf a message is composed."""

    account_sid: str
    world_sid: str
    now: datetime
    direction: str = "outbound-api"
    reply_to: str | None = None  # the inbound message that a TwiML reply answers


class Wanted(Struct, frozen=True, kw_only=True):
    """What was asked for, whether by REST or by TwiML."""

    to: str | None
    from_: str | None
    body: str | None
    media: tuple[str, ...] = ()
    status_callback: str | None = None
    application_sid: str | None = None
    validity_period: int | None = None
    max_price: str | None = None
    provide_feedback: bool = False
    smart_encoded: bool = False
    messaging_service_sid: str | None = None
    is_scheduled: bool = False
    callback_method: str = "POST"


def wanted(params: Mapping[str, Any]) -> Wanted:
    """The parameters of `POST …/Messages`."""
    max_price = params.get("MaxPrice")
    return Wanted(
        to=params.get("To"),
        from_=params.get("From"),
        body=params.get("Body"),
        media=tuple(params.get("MediaUrl") or ()),
        status_callback=params.get("StatusCallback") or None,
        application_sid=params.get("ApplicationSid") or None,
        validity_period=params.get("ValidityPeriod"),
        max_price=None if max_price is None else str(max_price),
        provide_feedback=bool(params.get("ProvideFeedback")),
        smart_encoded=bool(params.get("SmartEncoded")),
        messaging_service_sid=params.get("MessagingServiceSid") or None,
        is_scheduled=bool(params.get("SendAt") or params.get("ScheduleType")),
    )


async def compose(wish: Wanted, origin: Origin, senders: SenderBook, rules: Rules) -> Draft:
    """A message ready to be accepted. Raises Twilio's 216xx errors."""
    to = destination(wish.to, rules)
    sender = await _sender(wish, origin, senders, rules)
    if to == sender.phone_number:
        raise errors.same_to_and_from(to)
    if sender.type == ALPHANUMERIC:
        _check_alphanumeric(wish, to)
    body = content(wish)
    _check_settings(wish)
    parts = segments.count(body).parts if body else 1
    message = Message(
        account_sid=origin.account_sid,
        world_sid=origin.world_sid,
        id=sids.new_id(),
        prefix="MM" if wish.media else "SM",
        status="queued",
        direction=origin.direction,
        from_=sender.phone_number,
        to=to,
        body=body,
        num_segments=1 if wish.media else parts,
        num_media=len(wish.media),
        messaging_service_sid=wish.messaging_service_sid,
        status_callback=wish.status_callback,
        options=Options(
            application_sid=wish.application_sid,
            validity_period=wish.validity_period,
            max_price=wish.max_price,
            provide_feedback=wish.provide_feedback,
            in_reply_to=origin.reply_to,
            callback_method=wish.callback_method,
        ),
        date_created=origin.now,
        date_updated=origin.now,
    )
    rate = RATES.get(sender.type, 1.0) if rules.rate is None else rules.rate
    interval = timedelta(seconds=message.num_segments / rate) if rate else timedelta()
    key = f"{origin.world_sid}|{sender.phone_number}"
    return Draft(message=message, pace_key=key, interval=interval, media=wish.media)


def destination(raw: str | None, rules: Rules) -> str:
    """E.164 of a `To`. Raises 21604, 21211, 21265."""
    if raw is None or not raw.strip():
        raise errors.to_required()
    address = e164.address(raw)
    if address.kind == "short-code":
        raise errors.to_is_short_code()
    if address.kind == "channel" and address.channel != "sms":
        raise errors.channel_not_found()
    number = address.number or e164.parse(address.value)
    if number is None or not number.is_possible or (rules.strict and not number.is_valid):
        raise errors.invalid_to(raw)
    return number.e164


async def _sender(wish: Wanted, origin: Origin, senders: SenderBook, rules: Rules) -> Sender:
    raw = wish.from_
    if raw is None or not raw.strip():
        if wish.messaging_service_sid:
            raise errors.messaging_service_without_numbers()
        raise errors.from_required()
    address = e164.address(raw)
    if address.kind == "alphanumeric":
        return Sender(address.value, origin.account_sid, ALPHANUMERIC)
    if address.kind == "channel" and address.channel != "sms":
        raise errors.channel_not_found()
    if address.kind == "invalid" or (
        rules.strict and address.number is not None and not address.number.is_valid
    ):
        raise errors.invalid_from(raw)
    value = address.value
    found = await senders.owner(origin.world_sid, value)
    if found is None:
        found = await senders.adopt(origin.world_sid, origin.account_sid, value)
    if found is None:
        raise errors.from_not_owned(value)
    if found.account_sid != origin.account_sid:
        raise errors.from_of_another_account(value, origin.account_sid)
    if not found.sms_enabled:
        raise errors.from_not_message_capable(value)
    return found


def _check_alphanumeric(wish: Wanted, to: str) -> None:
    """Such a sender reaches nobody in the United States and Canada, and carries no media (facts §3.3)."""
    number = e164.parse(to)
    if wish.media or (number is not None and number.country in ("US", "CA")):
        raise errors.unreachable(to, str(wish.from_), "MMS" if wish.media else "SMS")


def content(wish: Wanted) -> str:
    """The body as it is stored. Raises 21602, 21617, 21620, 21623."""
    body = wish.body or ""
    if wish.smart_encoded:
        body = segments.smart_encode(body)
    if len(wish.media) > 10:
        raise errors.too_many_media()
    for url in wish.media:
        if not is_http_url(url):
            raise errors.invalid_media_url(url)
    if not body.strip() and not wish.media:
        raise errors.body_required()
    # Counted as SMS counts: most emoji are two.
    if len(body) > MAX_BODY or (len(body) > MAX_BODY // 2 and len(body.encode("utf-16-le")) // 2 > MAX_BODY):
        raise errors.body_too_long()
    return body


def _check_settings(wish: Wanted) -> None:
    if wish.is_scheduled and wish.messaging_service_sid is None:
        raise errors.scheduling_needs_messaging_service()
    if wish.is_scheduled:
        # Services are kept by their shape alone as yet: better refused than sent at once.
        raise errors.messaging_service_unavailable()
    if wish.status_callback is not None and not is_http_url(wish.status_callback):
        raise errors.invalid_status_callback(wish.status_callback)
    period = wish.validity_period
    if period is not None and not 1 <= period <= MAX_VALIDITY:
        raise errors.invalid_validity_period(period)


def validity_of(message: Message) -> timedelta:
    """How long after its creation a message may still be sent; then it fails (30036)."""
    seconds = message.options.validity_period
    return DEFAULT_VALIDITY if seconds is None else timedelta(seconds=seconds)


def is_http_url(text: str) -> bool:
    """An absolute http(s) URL. Underscores in its host pass, unlike at Twilio: container networks have such names."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    fits = parts.scheme in ("http", "https") and bool(host)
    return fits and len(text) <= MAX_URL and not any(mark.isspace() for mark in text)
