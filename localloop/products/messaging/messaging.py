"""The messaging product as one object: what REST asks, what the worker does, and texts that come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from msgspec import Struct

from localloop.carriers import Carrier, Receipt, phones
from localloop.carriers.loopback import READABLE
from localloop.carriers.phones import PhoneMessage
from localloop.core import clock, e164, errors, sids
from localloop.jobs import Done, Handler, Job, NewJob, cancel, enqueue
from localloop.products.content import Contents
from localloop.products.messaging import consent, permissions
from localloop.products.messaging.channel import sender, session, texting
from localloop.products.messaging.channel.book import ChannelBook
from localloop.products.messaging.channel.incoming import Texted
from localloop.products.messaging.channel.operations import PROGRESS
from localloop.products.messaging.channel.operations import Senders as ChannelSenders
from localloop.products.messaging.channel.operations import bindings as channel_bindings
from localloop.products.messaging.compliance.registry import Registry
from localloop.products.messaging.consent import Consent, SigningToken
from localloop.products.messaging.keeping import deletion
from localloop.products.messaging.link.book import Links
from localloop.products.messaging.link.operations import Operations as LinkOperations
from localloop.products.messaging.link.operations import bindings as link_bindings
from localloop.products.messaging.media import operations as media_operations
from localloop.products.messaging.media import uploads
from localloop.products.messaging.media.addresses import Addresses
from localloop.products.messaging.media.fetching import Fetching
from localloop.products.messaging.media.mms import MmsRules
from localloop.products.messaging.media.operations import MediaOperations
from localloop.products.messaging.media.queries import REMOVE
from localloop.products.messaging.media.serving import Files
from localloop.products.messaging.message import operations, queries, scheduled
from localloop.products.messaging.message.accept import ASSIGN, SEND, Acceptance
from localloop.products.messaging.message.assign import Assigned, Assignment, Assignments
from localloop.products.messaging.message.compose import Composer, Condition, Draft, Origin, Rules
from localloop.products.messaging.message.deliver import RECEIPT, Delivery, Gates, Ways
from localloop.products.messaging.message.inbound import Asked, Reception
from localloop.products.messaging.message.load import Loaded, load
from localloop.products.messaging.message.outcome import INBOUND, Outcome, Outcomes, Written
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.reply import Replies
from localloop.products.messaging.message.resource import Message
from localloop.products.messaging.message.senders import Senders
from localloop.products.messaging.message.starts import Starts
from localloop.products.messaging.message.template import Templates
from localloop.products.messaging.message.wish import Wanted
from localloop.products.messaging.permissions.permissions import Permissions
from localloop.products.messaging.service.choice import Choice
from localloop.products.messaging.service.directory import Services
from localloop.products.numbers import Directory
from localloop.rest.request import Binding
from localloop.store import BatchWriter, Database, Unit
from localloop.store.objects import Objects, sweep
from localloop.store.plain import PlainStore
from localloop.store.reader import BatchReader
from localloop.webhooks import Webhooks


class Keeping(Struct, frozen=True):
    """Where the files of messages lie, and under which names their bytes are found. `vanity`: names of applications'
    own that lead here."""

    objects: Objects
    addresses: Addresses
    vanity: frozenset[str] = frozenset()


@dataclass(eq=False)
class Messaging:
    """`webhooks` and `public_url` are needed by the worker only, `keeping` by whoever serves or works."""

    database: Database
    directory: Directory
    records: PlainStore
    carrier: Carrier
    rules: Rules
    webhooks: Webhooks | None = None
    public_url: str = ""
    signing_token: SigningToken | None = None  # of files that are told apart by a signature in their address
    conditions: Sequence[Condition] = ()
    keeping: Keeping | None = None
    channels: ChannelBook = field(init=False)
    links: Links = field(init=False)
    senders: ChannelSenders = field(init=False)
    _accepted: BatchWriter[Draft, Message] = field(init=False)
    _assigned: BatchWriter[Assigned, bool] = field(init=False)
    _outcomes: BatchWriter[Outcome, Written] = field(init=False)
    _messages: BatchReader[tuple[str, UUID], Loaded | None] = field(init=False)
    _starts: Starts = field(init=False)

    def __post_init__(self) -> None:
        is_open = not self.rules.strict
        self._contents = Contents(self.database)
        self.channels = ChannelBook(self.database, self._contents, adopts=is_open)
        self.senders = ChannelSenders(self.database, self.directory, is_open)
        self.links = Links(self.database, self.public_url, self.webhooks)
        senders = Senders(self.directory, self.rules, self.channels)
        changes = self.directory.changes
        self.consent = Consent(self.database, changes, senders, self.rules)
        self.permissions = Permissions(self.database, changes, self.directory, self.rules)
        conditions: tuple[Condition, ...] = (self.permissions, MmsRules(self.database), *self.conditions)
        self._services = Services(self.database, self.directory)
        preparers = (Templates(self._contents), self.links)
        self._composer = Composer(senders, self.rules, (*conditions, self.consent), self._services, preparers)
        self._choice = Choice(self.database)
        acceptance = Acceptance(self.consent, self.rules.account_rate)
        outcomes = Outcomes(acceptance, self.consent, self.webhooks)
        self._arrive = outcomes.arrive
        self._acceptance = acceptance
        self._accepted = BatchWriter(self.database, acceptance.accept)
        self._assigned = BatchWriter(self.database, Assignments(acceptance, outcomes, self._choice).flush)
        self._outcomes = BatchWriter(self.database, outcomes.flush)
        self._messages = BatchReader(self.database, load, lanes=1)
        self._starts = Starts(self.database)

    async def start(self) -> None:
        """Hear of what changes elsewhere."""
        await self.consent.start()
        await self.permissions.start()

    async def close(self) -> None:
        """Write what waits."""
        await self._accepted.close()
        await self._assigned.close()
        await self._outcomes.close()
        await self._messages.close()
        await self._starts.close()
        await self._choice.close()
        await self.consent.close()
        await self.permissions.close()
        await self.channels.close()
        await self.links.close()
        await self._contents.close()

    def bindings(self) -> tuple[Binding, ...]:
        asked = operations.Operations(self.database, self._composer, self.records, self._accepted)
        files = MediaOperations(self.database, self._kept.addresses, self._kept.vanity)
        return (
            *operations.bindings(asked),
            *media_operations.bindings(files),
            *consent.bindings(self.database, self.consent, self.signing_token),
            *permissions.bindings(self.database, self.permissions),
            *channel_bindings(self.senders),
            *link_bindings(LinkOperations(self.database)),
        )

    def files(self) -> Files:
        """What answers below `/bytes/`."""
        return Files(self._kept.objects, self._kept.addresses)

    def handlers(self) -> Mapping[str, Handler]:
        """What the worker does, by kind of job."""
        if self.webhooks is None:
            raise ValueError("a worker of messages needs webhooks")
        assignment = Assignment(self._messages, self._assigned, self._composer, self._choice, self.links)
        fetching = Fetching(self._kept.objects, self.webhooks)
        ways = Ways(self.carrier, self.directory, self._services, self.channels, fetching)
        registry = Registry(self.database, self.directory, self.rules.profile)
        gates = Gates(self.permissions, registry, self._starts)
        delivery = Delivery(self._messages, self._outcomes, ways, gates)
        replies = Replies(self.database, self._composer, self.webhooks)
        asked = Asked(
            self.directory,
            self.channels,
            self.records,
            self.webhooks,
            replies,
            self._services,
            fetching,
            self.public_url,
        )
        reception = Reception(self._messages, self._outcomes, asked)
        return {
            ASSIGN: assignment.assign,
            SEND: delivery.send,
            RECEIPT: delivery.receipt,
            INBOUND: reception.receive,
            PROGRESS: self.senders.progress,
            REMOVE: self._remove,
            deletion.DELETE: partial(deletion.work, self.database),
        }

    @property
    def objects(self) -> Objects:
        return self._kept.objects

    async def _remove(self, _: Job) -> Done:
        """Bytes that nobody needs any more."""
        await sweep(self._kept.objects)
        return Done()

    @property
    def _kept(self) -> Keeping:
        if self.keeping is None:
            raise ValueError("files of messages need a place")
        return self.keeping

    async def closing(self, unit: Unit, account_sid: str) -> None:
        """What waits to be sent by an account that is closed will not be, in the unit of work that closes it."""
        await sender.delete_all(unit, account_sid)
        rows = await unit.fetch(
            "select world_sid, key from jobs where account_sid = $1 and kind = any($2) and key is not null",
            account_sid,
            [ASSIGN, SEND],
        )
        if not rows:
            return
        at = clock.now(rows[0]["world_sid"])
        keys = [row["key"] for row in rows]
        await queries.advance(
            unit,
            [Change(account_sid=account_sid, id=sids.uuid_of(key), status="canceled", at=at) for key in keys],
            [row["world_sid"] for row in rows],
        )
        await scheduled.clear(unit, account_sid)
        await cancel(unit, account_sid, *keys)

    async def compose(self, wish: Wanted, origin: Origin) -> Draft:
        """A message that somebody else than REST wants sent. Raises what REST would answer."""
        return await self._composer.compose(wish, origin)

    async def accept(self, unit: Unit, draft: Draft) -> Message:
        """Sent once the unit of work commits. Raises 21610, 21611."""
        [answer] = await self._acceptance.accept(unit, [draft])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def phones_changed(self, unit: Unit) -> None:
        """Say in a unit of work that a simulated phone behaves differently."""
        self.permissions.phones.changed(unit)

    async def receive(
        self, world_sid: str, from_: str, to: str, body: str, media: tuple[str, ...] = ()
    ) -> PhoneMessage | None:
        """A text from a phone to a number of the world, or to a sender of a channel."""
        return await self.take(Texted(world_sid=world_sid, phone=from_, to=to, body=body, media=media))

    async def take(self, texted: Texted) -> PhoneMessage | None:
        """What was typed on a phone, as it keeps it; None when nobody gets texts where it was sent."""
        files = await uploads.attached(self.database, texted.media)
        if e164.channel_of(texted.to):
            typed = await texting.by_channel(self.channels, self._services, texted, files)
        else:
            typed = await texting.by_network(self.directory, self._services, texted, files)
        if typed is None:
            return None
        async with self.database.unit() as unit:
            await self._arrive(unit, typed.arrivals)
            unit.after_commit(self.consent.committed)
            await phones.keep(unit, typed.texts)
            if typed.visit is not None:
                await session.note(unit, typed.visit)
        return typed.texts[0]

    async def typing_to(self, world_sid: str, phone: str) -> list[str]:
        """Who is seen typing on a phone."""
        recipients = [phone, *(f"{channel}:{phone}" for channel in e164.MESSAGING_CHANNELS)]
        return await session.typing_to(self.database, world_sid, recipients, clock.now(world_sid))

    async def read(self, world_sid: str, text: PhoneMessage) -> None:
        """Somebody reads a text on a phone. Raises 63105 where the channel does not tell."""
        channel = e164.channel_of(text.peer)
        if text.direction != "received" or text.message_sid is None or channel not in READABLE:
            raise errors.of(63105)
        account_sid = await queries.account_of(self.database, world_sid, sids.uuid_of(text.message_sid))
        if account_sid is None:
            return
        now = clock.now(world_sid)
        receipt = Receipt(text.message_sid, account_sid, "read", now)
        async with self.database.unit() as unit:
            await enqueue(unit, [NewJob(RECEIPT, account_sid, world_sid, receipt, now)])
