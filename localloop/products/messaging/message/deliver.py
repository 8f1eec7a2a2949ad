"""Jobs that send: a message goes to the carrier, and its receipt ends it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol, TypeAlias
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from localloop.carriers import Carrier, Receipt, Refused, Submission, Throttled
from localloop.carriers.loopback import received
from localloop.core import clock, e164, money, sids
from localloop.jobs import Done, Job, NewJob, Relayed, Retry, Settled
from localloop.products.messaging.channel import incoming
from localloop.products.messaging.channel.book import ChannelBook
from localloop.products.messaging.compliance.registry import Registry
from localloop.products.messaging.media import mms
from localloop.products.messaging.media.fetching import Fetching, Unfit
from localloop.products.messaging.media.resource import Attached, attached
from localloop.products.messaging.message import lifecycle
from localloop.products.messaging.message.accept import Reference
from localloop.products.messaging.message.compose import expiry_of
from localloop.products.messaging.message.load import Loaded
from localloop.products.messaging.message.outcome import Arrival, Outcome, Written
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.resource import Message, Options
from localloop.products.messaging.message.starts import Starts
from localloop.products.messaging.service.directory import Services
from localloop.products.numbers import Directory
from localloop.store import BatchWriter
from localloop.store.reader import BatchReader
from localloop.webhooks import Alert

RECEIPT: Final = "message.receipt"
SUSPENDED: Final = 30002
EXPIRED: Final = 30036
# Twilio's own part of what a channel's message costs; what WhatsApp takes for a template is not known here.
CHANNEL_PRICE: Final = Decimal("-0.00500")

Messages: TypeAlias = BatchReader[tuple[str, UUID], Loaded | None]
Writer: TypeAlias = BatchWriter[Outcome, Written]


class Hindering(Protocol):
    """Whoever knows what must not leave although it was accepted: `permissions`."""

    async def hindrance(self, message: Message) -> int | None:
        """The error that it fails with."""
        ...

    async def is_safe(self, message: Message) -> bool:
        """Whether its recipient is exempt from looking for fraud."""
        ...


class Ways(Struct, frozen=True):
    """Where a message goes: out by the carrier, and to a number of the world, which may belong to a service; and who
    fetches what goes with it."""

    carrier: Carrier
    directory: Directory
    services: Services
    channels: ChannelBook
    fetching: Fetching


class Gates(Struct, frozen=True):
    """What a message passes before it leaves."""

    hindering: Hindering
    registry: Registry
    starts: Starts


class _Fate(Struct, frozen=True):
    """What becomes of a message that is sent, as far as it is known."""

    loaded: Loaded
    error_code: int | None = None
    alert: Alert | None = None
    receipt: Receipt | None = None
    more: tuple[Receipt, ...] = ()


class Delivery:
    """The handlers of `message.send` and `message.receipt`."""

    def __init__(self, messages: Messages, writer: Writer, ways: Ways, gates: Gates) -> None:
        self._gates = gates
        self._messages = messages
        self._writer = writer
        self._ways = ways

    async def send(self, job: Job) -> Done | Settled | Relayed | Retry:
        """Hand one message to the carrier. One that was canceled or sent already is left alone."""
        reference = job.read(Reference)
        loaded = await self._messages.read((job.account_sid, sids.uuid_of(reference.sid)))
        if loaded is None or not lifecycle.may_be_sent(loaded.message.status):
            return Done()
        fate = await self._fate(loaded, job)
        if fate.error_code is None and fate.receipt is None:
            handed = await self._hand_over(fate.loaded, job, reference)
            if not isinstance(handed, _Fate):
                return handed
            fate = handed
        return await self._write(await self._outcome(fate, job))

    async def _write(self, outcome: Outcome) -> Settled | Relayed:
        """The job ends here, or goes on as the callback that it leads to."""
        written = await self._writer.write(outcome)
        return Settled() if written.relayed is None else Relayed(written.relayed)

    async def _fate(self, loaded: Loaded, job: Job) -> _Fate:
        """What hinders it from leaving, or what is known of its end before it leaves."""
        error_code = _hindrance(loaded, job) or await self._gates.hindering.hindrance(loaded.message)
        if error_code is not None:
            return _Fate(loaded, error_code)
        receipt = await self._refusal(loaded.message)
        if receipt is not None or not loaded.media:
            return _Fate(loaded, receipt=receipt)
        loaded, unfit = await self._with_files(loaded)
        return _Fate(loaded) if unfit is None else _Fate(loaded, unfit.code, unfit.alert)

    async def _hand_over(self, loaded: Loaded, job: Job, reference: Reference) -> _Fate | Done | Retry:
        """What the carrier answers; or that it is not, or not yet, to be handed over."""
        turn = await self._gates.starts.turn(job, reference)
        if isinstance(turn, Retry):
            return turn
        if self._ways.carrier.is_outside and not await self._mark_sending(loaded.message):
            return Done()
        answer = await self._ways.carrier.submit(await self._submission(loaded, turn))
        if isinstance(answer, Throttled):
            return Retry(answer.after)
        if isinstance(answer, Refused):
            return _Fate(loaded, answer.error_code)
        receipt = answer.receipt
        if receipt is not None and receipt.overtakes and not await self._mark_sending(loaded.message):
            return Done()
        return _Fate(loaded, receipt=receipt, more=answer.more)

    async def _outcome(self, fate: _Fate, job: Job) -> Outcome:
        message, receipt = fate.loaded.message, fate.receipt
        change = _sent(message) if fate.error_code is None else _failed(message, fate.error_code)
        outcome = Outcome(message=message, change=change, job=job, alert=fate.alert)
        if receipt is None:
            return outcome
        more = tuple(_receipt_job(message, each) for each in fate.more)
        if receipt.overtakes:
            return replace(outcome, change=None, then=(_receipt_job(message, receipt), *more))
        if receipt.is_lost or receipt.at > change.at:
            return replace(outcome, then=(_receipt_job(message, receipt), *more))
        sent = replace(fate.loaded, message=replace(message, status="sent"))
        return replace(outcome, sequel=await self._told(sent, receipt, job, change.at), then=more)

    async def _with_files(self, loaded: Loaded) -> tuple[Loaded, Unfit | None]:
        fetched = await self._ways.fetching.fetched(loaded)
        return (loaded, fetched) if isinstance(fetched, Unfit) else (fetched, None)

    async def _refusal(self, message: Message) -> Receipt | None:
        """What is taken, and not delivered: channels say why (63016), and so do carriers in the United States, who
        deliver texts of registered senders only (30034)."""
        if e164.channel_of(message.to):
            error_code = await self._ways.channels.refusal(message, message.options.content_sid)
        else:
            from_ = message.from_ or ""
            error_code = await self._gates.registry.refusal(message.world_sid, from_, message.to)
        if error_code is None:
            return None
        now = clock.now(message.world_sid)
        return Receipt(message.sid, message.account_sid, "undelivered", now, error_code)

    async def _submission(self, loaded: Loaded, turn: datetime | None) -> Submission:
        submission = replace(submission_of(loaded), at=turn)
        if submission.risk_checked and await self._gates.hindering.is_safe(loaded.message):
            return replace(submission, risk_checked=False)
        return submission

    async def _mark_sending(self, message: Message) -> bool:
        """Whether it is ours to submit: it may have been canceled since it was read."""
        if message.status == "sending":
            return True
        change = Change(
            account_sid=message.account_sid,
            id=message.id,
            status="sending",
            at=clock.now(message.world_sid),
        )
        return (await self._writer.write(Outcome(message=message, change=change))).is_held

    async def receipt(self, job: Job) -> Done | Settled | Relayed:
        """What the carrier says became of a message."""
        receipt = job.read(Receipt)
        loaded = await self._messages.read((job.account_sid, sids.uuid_of(receipt.message_sid)))
        if loaded is None:
            return Done()
        return await self._write(await self._told(loaded, receipt, job))

    async def _told(self, loaded: Loaded, receipt: Receipt, job: Job, at: datetime | None = None) -> Outcome:
        """The end of a message, at the receipt's time or at `at`; a text that arrived at a number of the world goes to
        its owner."""
        message = loaded.message
        change = Change(
            account_sid=message.account_sid,
            id=message.id,
            status=receipt.status,
            at=at or receipt.at,
            error_code=receipt.error_code,
        )
        if receipt.overtakes:
            change = replace(change, date_sent=change.at, price=price_of(message, "outbound"))
        outcome = Outcome(message=message, change=None if receipt.is_lost else change, job=job)
        if receipt.status != "delivered":
            return outcome
        if receipt.is_read:
            read = Receipt(message.sid, message.account_sid, "read", receipt.at)
            outcome = replace(outcome, then=(_receipt_job(message, read),))
        kept = received(submission_of(loaded), receipt.at)
        return replace(outcome, kept=kept, arrival=await self._arrival(loaded))

    async def _arrival(self, loaded: Loaded) -> Arrival | None:
        sent = loaded.message
        if e164.channel_of(sent.to):
            return await self._channel_arrival(loaded)
        owner = await self._ways.directory.find(sent.world_sid, sent.to)
        if owner is None or not owner.sms_enabled:
            return None
        received = replace(
            sent,
            account_sid=owner.account_sid,
            messaging_service_sid=await self._ways.services.sid_of_number(owner.account_sid, owner.sid),
        )
        return arrival_of(received, attached(loaded.media))

    async def _channel_arrival(self, loaded: Loaded) -> Arrival | None:
        sent = loaded.message
        reached = await self._ways.channels.find(sent.world_sid, sent.to)
        if reached is None:
            return None
        author = await self._ways.channels.find(sent.world_sid, sent.from_ or "")
        name = author.profile_name if author is not None else ""
        told = incoming.between_senders(name, sent.from_ or "", sent.to, sent.body or "")
        service_sid = await self._ways.services.sid_of_sender(reached.account_sid, reached.sid)
        received = replace(sent, account_sid=reached.account_sid, messaging_service_sid=service_sid)
        return arrival_of(received, attached(loaded.media), told.params)


def arrival_of(
    sent: Message, media: tuple[Attached, ...], channel_params: Mapping[str, str] | None = None
) -> Arrival:
    """The same text as the other side's message, received now; by the service that `sent` names, if any."""
    now = clock.now(sent.world_sid)
    prefix = "MM" if media else "SM"
    message = replace(
        sent,
        id=sids.new_id(),
        prefix=prefix,
        status="receiving",
        direction="inbound",
        num_media=len(media),
        price=None,
        error_code=None,
        status_callback=None,
        options=Options(channel_params=channel_params),
        date_created=now,
        date_sent=None,
        date_updated=now,
    )
    return Arrival(message=message, media=media)


def submission_of(loaded: Loaded) -> Submission:
    message = loaded.message
    return Submission(
        message_sid=message.sid,
        account_sid=message.account_sid,
        world_sid=message.world_sid,
        from_address=message.from_ or "",
        to_address=message.to,
        body=message.body or "",
        media_urls=loaded.media_urls,
        num_segments=message.num_segments,
        risk_checked=message.options.risk_check != "disable",
        content=message.options.rich,
    )


def price_of(message: Message, direction: money.Direction) -> Decimal:
    """What the message costs by the country of its other end."""
    other = message.to if direction == "outbound" else message.from_ or ""
    if e164.channel_of(other):
        return CHANNEL_PRICE
    number = e164.parse(other)
    product: money.Product = "mms" if message.is_mms else "sms"
    return money.message_price(direction, number.country if number else "", message.num_segments, product)


def _hindrance(loaded: Loaded, job: Job) -> int | None:
    message = loaded.message
    if not loaded.account_is_active:
        return SUSPENDED
    if message.options.failure is not None:
        return message.options.failure
    # Who moves a world's clock by a day has not slept through the turns of its messages.
    is_moved = clock.world_time(message.world_sid).mode != "real"
    moment = job.due_at if is_moved else clock.now(message.world_sid)
    if moment > expiry_of(message):
        return EXPIRED
    return mms.NOT_RECEIVED if message.is_mms and not mms.is_received(message.to) else None


def _sent(message: Message) -> Change:
    now = clock.now(message.world_sid)
    return Change(
        account_sid=message.account_sid,
        id=message.id,
        status="sent",
        at=now,
        date_sent=now,
        price=price_of(message, "outbound"),
    )


def _failed(message: Message, error_code: int) -> Change:
    return Change(
        account_sid=message.account_sid,
        id=message.id,
        status="failed",
        at=clock.now(message.world_sid),
        error_code=error_code,
    )


def _receipt_job(message: Message, receipt: Receipt) -> NewJob:
    return NewJob(RECEIPT, message.account_sid, message.world_sid, receipt, receipt.at)
