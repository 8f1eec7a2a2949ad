"""The messaging product as one object: what REST asks, what the worker does, and texts that come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from localloop.carriers import Carrier, phones
from localloop.carriers.phones import PhoneMessage
from localloop.core import clock, segments, sids
from localloop.jobs import Handler, cancel
from localloop.products.messaging import consent, permissions
from localloop.products.messaging.compliance.registry import Registry
from localloop.products.messaging.consent import Consent, SigningToken
from localloop.products.messaging.message import operations, queries, scheduled
from localloop.products.messaging.message.accept import ASSIGN, SEND, Acceptance
from localloop.products.messaging.message.assign import Assigned, Assignment, Assignments
from localloop.products.messaging.message.compose import Composer, Condition, Draft, Rules
from localloop.products.messaging.message.deliver import RECEIPT, Delivery, Ways, arrival_of
from localloop.products.messaging.message.inbound import Asked, Reception
from localloop.products.messaging.message.load import Loaded, load
from localloop.products.messaging.message.outcome import INBOUND, Outcome, Outcomes
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.reply import Replies
from localloop.products.messaging.message.resource import Message
from localloop.products.messaging.message.senders import Senders
from localloop.products.messaging.permissions.permissions import Permissions
from localloop.products.messaging.service.choice import Choice
from localloop.products.messaging.service.directory import Services
from localloop.products.numbers import Directory
from localloop.rest.request import Binding
from localloop.store import BatchWriter, Database, Unit
from localloop.store.plain import PlainStore
from localloop.store.reader import BatchReader
from localloop.webhooks import Webhooks


@dataclass(eq=False)
class Messaging:
    """`webhooks` and `public_url` are needed by the worker only."""

    database: Database
    directory: Directory
    records: PlainStore
    carrier: Carrier
    rules: Rules
    webhooks: Webhooks | None = None
    public_url: str = ""
    signing_token: SigningToken | None = None  # of files that are told apart by a signature in their address
    conditions: Sequence[Condition] = ()
    _accepted: BatchWriter[Draft, Message] = field(init=False)
    _assigned: BatchWriter[Assigned, bool] = field(init=False)
    _outcomes: BatchWriter[Outcome, bool] = field(init=False)
    _messages: BatchReader[tuple[str, UUID], Loaded | None] = field(init=False)

    def __post_init__(self) -> None:
        senders = Senders(self.directory, self.rules)
        changes = self.directory.changes
        self.consent = Consent(self.database, changes, senders, self.rules)
        self.permissions = Permissions(self.database, changes, self.directory, self.rules)
        conditions = (self.permissions, *self.conditions, self.consent)
        self._services = Services(self.database, self.directory)
        self._composer = Composer(senders, self.rules, conditions, self._services)
        self._choice = Choice(self.database)
        acceptance = Acceptance(self.consent, self.rules.account_rate)
        outcomes = Outcomes(acceptance, self.consent, self.webhooks)
        self._arrive = outcomes.arrive
        self._accepted = BatchWriter(self.database, acceptance.accept)
        self._assigned = BatchWriter(self.database, Assignments(acceptance, outcomes, self._choice).flush)
        self._outcomes = BatchWriter(self.database, outcomes.flush)
        self._messages = BatchReader(self.database, load)

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
        await self._choice.close()
        await self.consent.close()
        await self.permissions.close()

    def bindings(self) -> tuple[Binding, ...]:
        asked = operations.Operations(self.database, self._composer, self.records, self._accepted)
        return (
            *operations.bindings(asked),
            *consent.bindings(self.database, self.consent, self.signing_token),
            *permissions.bindings(self.database, self.permissions),
        )

    def handlers(self) -> Mapping[str, Handler]:
        """What the worker does, by kind of job."""
        if self.webhooks is None:
            raise ValueError("a worker of messages needs webhooks")
        assignment = Assignment(self._messages, self._assigned, self._composer, self._choice, self.public_url)
        registry = Registry(self.database, self.directory, self.rules.profile)
        ways = Ways(self.carrier, self.directory, self._services, registry)
        delivery = Delivery(self._messages, self._outcomes, ways, self.permissions)
        replies = Replies(self.database, self._composer, self.webhooks)
        asked = Asked(self.directory, self.records, self.webhooks, replies, self._services, self.public_url)
        reception = Reception(self._messages, self._outcomes, asked)
        return {
            ASSIGN: assignment.assign,
            SEND: delivery.send,
            RECEIPT: delivery.receipt,
            INBOUND: reception.receive,
        }

    async def closing(self, unit: Unit, account_sid: str) -> None:
        """What waits to be sent by an account that is closed will not be, in the unit of work that closes it."""
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
        )
        await scheduled.clear(unit, account_sid)
        await cancel(unit, *keys)

    def phones_changed(self, unit: Unit) -> None:
        """Say in a unit of work that a simulated phone behaves differently."""
        self.permissions.phones.changed(unit)

    async def receive(
        self, world_sid: str, from_: str, to: str, body: str, media: tuple[str, ...] = ()
    ) -> PhoneMessage | None:
        """A text from a phone to a number of the world, as the phone keeps it; None when nobody gets texts there."""
        owned = await self.directory.find(world_sid, to)
        if owned is None or not owned.sms_enabled:
            return None
        now = clock.now(world_sid)
        arrival = arrival_of(
            Message(
                account_sid=owned.account_sid,
                world_sid=world_sid,
                id=UUID(int=0),
                status="receiving",
                direction="inbound",
                from_=from_,
                to=owned.phone_number,
                body=body,
                num_segments=segments.count(body).parts if body else 1,
                messaging_service_sid=await self._services.sid_of_number(owned.account_sid, owned.sid),
                date_created=now,
                date_updated=now,
            ),
            media,
        )
        kept = PhoneMessage(
            world_sid=world_sid,
            number=from_,
            direction="sent",
            peer=owned.phone_number,
            body=body,
            media=media,
            message_sid=arrival.message.sid,
            date_created=now,
        )
        async with self.database.unit() as unit:
            await self._arrive(unit, [arrival])
            unit.after_commit(self.consent.committed)
            await phones.keep(unit, [kept])
        return kept
