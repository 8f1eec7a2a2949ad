"""From the parameters of a request (or of a TwiML verb) to a message that is fit to be accepted, or Twilio's error.

The order of the checks is the order in which Twilio reports them when several fail: destination, sender, content,
the rest (observed order; the documentation names none).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock, e164, errors, segments, sids
from localloop.core.settings import SenderKind
from localloop.products.messaging.link.shorten import ShortLink
from localloop.products.messaging.message.rates import TWILIOS, kind_of
from localloop.products.messaging.message.resource import Message, Options
from localloop.products.messaging.message.wish import Wanted
from localloop.products.messaging.service.choice import pace_of
from localloop.products.messaging.service.settings import Service, Staffed
from localloop.store.answers import KeptAnswer

MAX_BODY = 1600  # characters (21617)
MAX_VALIDITY = 36_000  # seconds (21624)
DEFAULT_VALIDITY = timedelta(seconds=MAX_VALIDITY)
MAX_URL = 4000
# How far ahead a message may be scheduled (35114, 35115).
SOONEST = timedelta(seconds=900)
LATEST = timedelta(days=35)

ALPHANUMERIC = "alpha"
TRIAL_PREFIX = "Sent from your Twilio trial account - "


class Sender(Struct, frozen=True):
    """A number of the world that may send, as `products.numbers` knows it."""

    phone_number: str
    account_sid: str
    type: str  # local | mobile | tollfree | shortcode | alpha, or the channel's name
    sms_enabled: bool = True
    country: str = ""  # of its number; "" counts as the United States
    mms_enabled: bool = True
    sid: str | None = None  # of a sender of a channel
    status_callback: str | None = None  # that holds for messages without one of their own


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


class ServiceBook(Protocol):
    async def find(self, account_sid: str, sid: str) -> Staffed | None:
        """An account's messaging service with its pool."""
        ...


class Preparer(Protocol):
    """Makes what is written of what a wish names: a content, short links. Asked of wishes that name such."""

    async def prepare(self, wish: Wanted, origin: Origin, channel: str, /) -> Wanted:
        """`channel` is that of the destination, "" the telephone network. Raises Twilio's error."""
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
    """`pace_key` and `interval` are nothing while a message has no sender."""

    message: Message
    pace_key: str = ""
    interval: timedelta = timedelta()  # the sender's time for this message: parts divided by rate
    media: tuple[str, ...] = ()
    links: tuple[ShortLink, ...] = ()
    kept: KeptAnswer | None = None  # the answer, for who asks again with the same idempotency key


class Origin(Struct, frozen=True, kw_only=True):
    """On whose behalf a message is composed."""

    account_sid: str
    world_sid: str
    now: datetime
    direction: str = "outbound-api"
    reply_to: str | None = None  # the inbound message that a TwiML reply answers


class Composer:
    """Makes drafts of wishes, with the numbers of every world and the conditions under which they may write."""

    def __init__(
        self,
        senders: SenderBook,
        rules: Rules,
        conditions: Sequence[Condition] = (),
        services: ServiceBook | None = None,
        preparers: Sequence[Preparer] = (),
    ) -> None:
        self._senders = senders
        self._rules = rules
        self._conditions = tuple(conditions)
        self._services = services
        self._preparers = tuple(preparers)

    async def compose(self, wish: Wanted, origin: Origin) -> Draft:
        """A message ready to be accepted. Raises Twilio's 216xx, 217xx and 351xx errors."""
        to = destination(wish.to, self._rules)
        check_channels(wish.from_, to)
        staffed = await self.service(origin.account_sid, wish.messaging_service_sid)
        if staffed is not None:
            wish = with_settings(wish, staffed.service)
            if not (wish.from_ or "").strip():
                return self._unassigned(await self._prepared(wish, origin, to), origin, to, staffed)
            _check_member(str(wish.from_), staffed)
        sender = await _sender(wish, origin, self._senders, self._rules)
        wish = await self._prepared(wish, origin, to)
        check_pair(sender, to, has_media=bool(wish.media))
        message = _message(wish, origin, to, self._rules)
        if wish.send_at is not None:
            message = replace(message, from_=sender.phone_number)
            return Draft(message=message, media=wish.media, links=wish.links)
        return await self.assign(message, sender, wish.media, wish.links)

    async def _prepared(self, wish: Wanted, origin: Origin, to: str) -> Wanted:
        """With what a content says, and with short links."""
        if is_unusual(wish):
            for preparer in self._preparers:
                wish = await preparer.prepare(wish, origin, e164.channel_of(to))
        return wish

    async def service(self, account_sid: str, sid: str | None) -> Staffed | None:
        """None for a message without a service. Raises 21701."""
        if sid is None:
            return None
        staffed = await self._services.find(account_sid, sid) if self._services is not None else None
        if staffed is None:
            raise errors.messaging_service_not_found()
        return staffed

    async def sender(self, account_sid: str, world_sid: str, address: str) -> Sender:
        """Who was named for a message that waited. Raises what a new message would be refused with."""
        origin = Origin(account_sid=account_sid, world_sid=world_sid, now=clock.now(world_sid))
        wish = Wanted(to=None, from_=address, body=None)
        return await _sender(wish, origin, self._senders, self._rules)

    def segment(self) -> timedelta:
        """How long an ordinary sender needs for a message."""
        return self._rules.interval(1, Sender("", "", "local"))

    async def assign(
        self,
        message: Message,
        sender: Sender,
        media: tuple[str, ...] = (),
        links: tuple[ShortLink, ...] = (),
    ) -> Draft:
        """The message as this sender sends it. Raises whatever forbids that."""
        check_pair(sender, message.to, has_media=bool(message.num_media))
        draft = with_sender(message, sender, self._rules, media)
        if links:
            draft = replace(draft, links=links)
        for condition in self._conditions:
            await condition.check(draft.message, sender)
        return draft

    def _unassigned(self, wish: Wanted, origin: Origin, to: str, staffed: Staffed) -> Draft:
        """Its sender is chosen later. An empty pool is known now, but a scheduled message has time (21704)."""
        message = _message(wish, origin, to, self._rules)
        if not staffed.pool and message.status != "scheduled":
            raise errors.messaging_service_without_numbers()
        return Draft(message=message, media=wish.media, links=wish.links)


def with_settings(wish: Wanted, service: Service) -> Wanted:
    """What the message does not say for itself its service says."""
    period = wish.validity_period
    if period is None and service.validity_period < MAX_VALIDITY:
        period = service.validity_period
    return replace(
        wish,
        smart_encoded=service.smart_encoding if wish.smart_encoded is None else wish.smart_encoded,
        status_callback=wish.status_callback or service.status_callback or None,
        validity_period=period,
    )


def _check_member(from_: str, staffed: Staffed) -> None:
    """A sender that is named must be in the pool. Raises 21709, 21711."""
    address = e164.address(from_)
    if address.kind == "invalid" or staffed.member(str(address)) is not None:
        return
    if address.kind == "alphanumeric":
        raise errors.alpha_sender_not_authorized()
    raise errors.sender_not_in_messaging_service()


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
    return with_sender(_message(wish, origin, message.from_ or "", rules), sender, rules)


def _message(wish: Wanted, origin: Origin, to: str, rules: Rules) -> Message:
    """Before its sender is known."""
    body = content(wish)
    if body and rules.profile(origin.world_sid) == "trial":
        body = TRIAL_PREFIX + body
    _check_settings(wish, origin.now)
    return Message(
        account_sid=origin.account_sid,
        world_sid=origin.world_sid,
        id=sids.new_id(),
        prefix="MM" if wish.media or wish.send_as_mms else "SM",
        status="accepted" if wish.send_at is None else "scheduled",
        direction=origin.direction,
        from_=None,
        to=to,
        body=body,
        num_segments=0,
        num_media=len(wish.media),
        price_unit=None,
        messaging_service_sid=wish.messaging_service_sid,
        status_callback=wish.status_callback,
        options=_options(wish, origin),
        date_created=origin.now,
        date_updated=origin.now,
    )


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
        rich=wish.rich,
        failure=wish.failure,
    )


def with_sender(message: Message, sender: Sender, rules: Rules, media: tuple[str, ...] = ()) -> Draft:
    """Queued for this sender, with the time that it takes him."""
    channel = e164.channel_of(message.to)
    parts = segments.count(message.body).parts if message.body and not message.is_mms and not channel else 1
    if channel:
        message = replace(
            message,
            status_callback=message.status_callback or sender.status_callback,
            options=replace(message.options, channel_install_sid=sender.sid),
        )
    return Draft(
        message=replace(
            message, status="queued", from_=sender.phone_number, num_segments=parts, price_unit="USD"
        ),
        pace_key=pace_key(message.world_sid, sender),
        interval=rules.interval(parts, sender),
        media=media,
    )


def pace_key(world_sid: str, sender: Sender) -> str:
    return pace_of(world_sid, sender.account_sid, sender.type, sender.phone_number)


def destination(raw: str | None, rules: Rules) -> str:
    """E.164 of a `To`, or its address in a channel. Raises 21604, 21211, 21265."""
    if raw is None or not raw.strip():
        raise errors.to_required()
    address = e164.address(raw)
    if address.kind == "short-code":
        raise errors.to_is_short_code()
    if address.kind == "channel" and address.channel in e164.MESSAGING_CHANNELS:
        return str(address)
    if address.kind == "channel" and address.channel != "sms":
        raise errors.invalid_to(raw)
    number = address.number or e164.parse(address.value)
    if number is None or not number.is_possible or (rules.strict and not number.is_valid):
        raise errors.invalid_to(raw)
    return number.e164


async def _sender(wish: Wanted, origin: Origin, senders: SenderBook, rules: Rules) -> Sender:
    raw = wish.from_
    if raw is None or not raw.strip():
        raise errors.from_required()
    address = e164.address(raw)
    if address.kind == "alphanumeric":
        return Sender(address.value, origin.account_sid, ALPHANUMERIC)
    if address.kind == "channel" and address.channel != "sms":
        return await _channel_sender(str(address), origin, senders)
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


async def _channel_sender(address: str, origin: Origin, senders: SenderBook) -> Sender:
    """Raises 63007 for an address that is not an own sender, or not one that may send yet."""
    found = await senders.owner(origin.world_sid, address)
    if found is None:
        found = await senders.adopt(origin.world_sid, origin.account_sid, address)
    if found is None or found.account_sid != origin.account_sid or not found.sms_enabled:
        raise errors.channel_not_found()
    return found


def check_channels(from_: str | None, to: str) -> None:
    """Both sides of a message are in the same channel (21910)."""
    if from_ and (":" in from_ or ":" in to):
        named, mark, _ = from_.strip().partition(":")
        if (named if mark and named != "sms" else "") != e164.channel_of(to):
            raise errors.channel_mismatch()


def check_pair(sender: Sender, to: str, *, has_media: bool) -> None:
    """An alphanumeric sender reaches nobody in the United States and Canada, and carries no media (Twilio's
    reference). Raises 21266, 63031, 21612."""
    if to == sender.phone_number:
        raise errors.channel_same_to_and_from() if e164.channel_of(to) else errors.same_to_and_from(to)
    if sender.type != ALPHANUMERIC:
        return
    number = e164.parse(to)
    if has_media or (number is not None and number.country in ("US", "CA")):
        raise errors.unreachable(to, sender.phone_number, "MMS" if has_media else "SMS")


def is_unusual(wish: Wanted) -> bool:
    """Whether there is anything to prepare."""
    return bool(wish.content_sid or wish.content_variables or wish.shorten_urls or wish.persistent_action)


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
    if not body.strip() and not wish.media and not wish.rich:
        raise errors.content_required() if wish.messaging_service_sid else errors.body_required()
    # Counted as SMS counts: most emoji are two.
    if len(body) > MAX_BODY or (len(body) > MAX_BODY // 2 and len(body.encode("utf-16-le")) // 2 > MAX_BODY):
        raise errors.body_too_long()
    return body


def _check_settings(wish: Wanted, now: datetime) -> None:
    _check_schedule(wish, now)
    if wish.status_callback is not None and not is_http_url(wish.status_callback):
        raise errors.invalid_status_callback(wish.status_callback)
    period = wish.validity_period
    if period is not None and not 1 <= period <= MAX_VALIDITY:
        raise errors.invalid_validity_period(period)
    if wish.attempt is not None and wish.attempt < 1:
        raise errors.invalid_parameter("Attempt", "must be 1 or more")


def _check_schedule(wish: Wanted, now: datetime) -> None:
    """Raises 35111, 35114, 35115, 35118, 35126. Its bounds are inclusive, and whoever asks counts whole seconds."""
    if wish.send_at is None and wish.schedule_type is None:
        return
    if wish.messaging_service_sid is None:
        raise errors.scheduling_needs_messaging_service()
    if wish.schedule_type != "fixed":
        raise errors.invalid_schedule_type()
    if wish.send_at is None:
        raise errors.send_at_required()
    ahead = wish.send_at - now.replace(microsecond=0)
    if ahead < SOONEST:
        raise errors.send_at_too_soon()
    if ahead > LATEST:
        raise errors.send_at_too_late()


def expiry_of(message: Message) -> datetime:
    """Until when a message may be sent; then it fails (30036). A scheduled one begins to wait when it is due."""
    seconds = message.options.validity_period
    validity = DEFAULT_VALIDITY if seconds is None else timedelta(seconds=seconds)
    return (message.options.send_at or message.date_created) + validity


@lru_cache(maxsize=4096)
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
