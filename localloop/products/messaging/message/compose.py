"""From the parameters of a request (or of a TwiML verb) to a message that is fit to be accepted, or Twilio's error.

The order of the checks is the order in which Twilio reports them when several fail: destination, sender, content,
the rest (observed order; the documentation names none).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from localloop.core import clock, e164, errors, segments, sids
from localloop.core.settings import SenderKind
from localloop.products.messaging.message.rates import TWILIOS, kind_of
from localloop.products.messaging.message.resource import Message, Options
from localloop.products.messaging.message.wish import Wanted

MAX_BODY = 1600  # characters (21617)
MAX_VALIDITY = 36_000  # seconds (21624)
DEFAULT_VALIDITY = timedelta(seconds=MAX_VALIDITY)
MAX_URL = 4000

ALPHANUMERIC = "alpha"
TRIAL_PREFIX = "Sent from your Twilio trial account - "


class Sender(Struct, frozen=True):
    """A number of the world that may send, as `products.numbers` knows it."""

    phone_number: str
    account_sid: str
    type: str  # local | mobile | tollfree | shortcode | alpha, or the channel's name
    sms_enabled: bool = True
    country: str = ""  # of its number; "" counts as the United States


class SenderBook(Protocol):
    async def owner(self, world_sid: str, address: str) -> Sender | None:
        """Whoever owns a number in this world."""
        ...

    async def adopt(self, world_sid: str, account_sid: str, address: str) -> Sender | None:
        """In open mode makes a possible number the account's own, with a notice; None where adoption is off."""
        ...


class Condition(Protocol):
    """Who may write to whom and when, beyond the form of a request: permissions, consent, what a channel allows.

    Asked when a message with a known sender is accepted, and again by the worker that gives a sender to one that had
    none. On the way of every message: what it must know it keeps in memory or reads in batches.
    """

    async def check(self, message: Message, sender: Sender) -> None:
        """Raises Twilio's error, which refuses the request or fails the message."""
        ...


class Rules(Struct, frozen=True, kw_only=True):
    """How strict this server is, and how fast its senders are."""

    strict: bool = False  # a number must be valid, not merely possible
    rate: float | None = None  # segments per second for every sender; 0 = unlimited; None = Twilio's rates
    rates: Mapping[SenderKind, float] = {}  # of these kinds, whatever else is said
    account_rate: float = 0.0  # of an account, over all its senders; 0 = unlimited
    profile: Callable[[str], str] = lambda _: "relaxed"  # of a world: relaxed | twilio | us-a2p | trial

    def interval(self, segments: int, sender: Sender) -> timedelta:
        """How long a sender is busy with so many segments; not at all when it has no limit."""
        kind = kind_of(sender.type, sender.country)
        rate = self.rates.get(kind, TWILIOS[kind] if self.rate is None else self.rate)
        return timedelta(seconds=segments / rate) if rate else timedelta()


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


class Composer:
    """Makes drafts of wishes, with the numbers of every world and the conditions under which they may write."""

    def __init__(self, senders: SenderBook, rules: Rules, conditions: Sequence[Condition] = ()) -> None:
        self._senders = senders
        self._rules = rules
        self._conditions = tuple(conditions)

    async def compose(self, wish: Wanted, origin: Origin) -> Draft:
        """A message ready to be accepted. Raises Twilio's 216xx errors."""
        to = destination(wish.to, self._rules)
        sender = await _sender(wish, origin, self._senders, self._rules)
        draft = _drafted(wish, origin, sender, to, self._rules)
        for condition in self._conditions:
            await condition.check(draft.message, sender)
        return draft


def answer_to(message: Message, sender: Sender, body: str, rules: Rules) -> Draft:
    """What the platform itself says to a message that came in, in the name of its recipient: without conditions."""
    wish = Wanted(
        to=message.from_, from_=message.to, body=body, messaging_service_sid=message.messaging_service_sid
    )
    origin = Origin(
        account_sid=message.account_sid,
        world_sid=message.world_sid,
        now=clock.now(message.world_sid),
        direction="outbound-reply",
        reply_to=message.sid,
    )
    return _drafted(wish, origin, sender, message.from_ or "", rules)


def _drafted(wish: Wanted, origin: Origin, sender: Sender, to: str, rules: Rules) -> Draft:
    if to == sender.phone_number:
        raise errors.same_to_and_from(to)
    if sender.type == ALPHANUMERIC:
        _check_alphanumeric(wish, to)
    body = content(wish)
    if body and rules.profile(origin.world_sid) == "trial":
        body = TRIAL_PREFIX + body
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
        options=_options(wish, origin),
        date_created=origin.now,
        date_updated=origin.now,
    )
    return Draft(
        message=message,
        pace_key=pace_key(origin.world_sid, sender),
        interval=rules.interval(message.num_segments, sender),
        media=wish.media,
    )


def pace_key(world_sid: str, sender: Sender) -> str:
    """Whose pace it is: an alphanumeric sender is nobody's own, so each account has its own pace with it."""
    owner = sender.account_sid if sender.type == ALPHANUMERIC else world_sid
    return f"{owner}|{sender.phone_number}"


def _options(wish: Wanted, origin: Origin) -> Options:
    return Options(
        application_sid=wish.application_sid,
        validity_period=wish.validity_period,
        max_price=wish.max_price,
        provide_feedback=wish.provide_feedback,
        in_reply_to=origin.reply_to,
        callback_method=wish.callback_method,
        attempt=wish.attempt,
        force_delivery=wish.force_delivery,
        risk_check=wish.risk_check,
        traffic_type=wish.traffic_type,
        send_as_mms=wish.send_as_mms,
        smart_encoded=wish.smart_encoded,
        send_at=wish.send_at,
        content_sid=wish.content_sid,
        content_variables=wish.content_variables,
        shorten_urls=wish.shorten_urls,
        persistent_action=wish.persistent_action,
        content_retention=wish.content_retention,
        address_retention=wish.address_retention,
    )


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
    """Such a sender reaches nobody in the United States and Canada, and carries no media (Twilio's reference)."""
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
    is_scheduled = wish.send_at is not None or wish.schedule_type is not None
    if is_scheduled and wish.messaging_service_sid is None:
        raise errors.scheduling_needs_messaging_service()
    if is_scheduled:
        # Services are kept by their shape alone as yet: better refused than sent at once.
        raise errors.messaging_service_unavailable()
    if wish.status_callback is not None and not is_http_url(wish.status_callback):
        raise errors.invalid_status_callback(wish.status_callback)
    period = wish.validity_period
    if period is not None and not 1 <= period <= MAX_VALIDITY:
        raise errors.invalid_validity_period(period)
    if wish.attempt is not None and wish.attempt < 1:
        raise errors.invalid_parameter("Attempt", "must be 1 or more")


def expiry_of(message: Message) -> datetime:
    """Until when a message may be sent; then it fails (30036). A scheduled one begins to wait when it is due."""
    seconds = message.options.validity_period
    validity = DEFAULT_VALIDITY if seconds is None else timedelta(seconds=seconds)
    return (message.options.send_at or message.date_created) + validity


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
