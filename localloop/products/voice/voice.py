"""The voice product as one object: what REST asks, what the worker does, and calls that come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from localloop.core import clock
from localloop.jobs import Handler, NewJob, enqueue
from localloop.products.numbers import Directory
from localloop.products.voice import insights, queue, trace, user_message
from localloop.products.voice.call import documents, operations, queries
from localloop.products.voice.call.accept import Acceptance
from localloop.products.voice.call.compose import Composer, Free, Hindrances, Rules
from localloop.products.voice.call.documents import Document
from localloop.products.voice.call.ends import Ends
from localloop.products.voice.call.engine import Engine
from localloop.products.voice.call.events import Act, Barred
from localloop.products.voice.call.inbound import Incoming, Reception
from localloop.products.voice.call.live import EVENT, FETCH, Live, Reference, key_of
from localloop.products.voice.call.queries import Alive, Named, Wanted
from localloop.products.voice.call.resource import Call
from localloop.products.voice.call.texting import TEXT, Texting
from localloop.products.voice.call.turn import handset_of
from localloop.products.voice.conference.resource import bindings as conference_bindings
from localloop.products.voice.held import HeldCalls
from localloop.products.voice.payment import resource as payments
from localloop.products.voice.recording import resource as recordings
from localloop.products.voice.recording import transcription
from localloop.products.voice.recording.desk import Recorder
from localloop.products.voice.recording.resource import Recordings
from localloop.products.voice.recording.transcription import Transcriber
from localloop.products.voice.session import resource as sessions
from localloop.products.voice.texts import Texts
from localloop.rest.request import Binding
from localloop.store import BatchWriter, Database, Unit
from localloop.store.plain import PlainStore
from localloop.store.sealing import Sealer
from localloop.telephony.simulated.handsets import PhoneCall
from localloop.webhooks import Webhooks


@dataclass(eq=False)
class Voice:
    """`webhooks`, `public_url` and `texts` are needed by the worker only."""

    database: Database
    directory: Directory
    records: PlainStore
    rules: Rules
    webhooks: Webhooks | None = None
    hindrances: Hindrances | None = None
    public_url: str = ""
    texts: Texts | None = None
    sealer: Sealer | None = None  # without one no call may pay
    recorder: Recorder = field(init=False)
    engine: Engine = field(init=False)
    _accepted: BatchWriter[Live, Call] = field(init=False)

    def __post_init__(self) -> None:
        self._reception = Reception(self.database, self.directory, self.records, self.rules.profile)
        self._ends = Ends(self._reception, self.records, self.hindrances or Free())
        self.recorder = Recorder(self.database, self.public_url)
        self.engine = Engine(self.database, self._ends, self.webhooks, self.recorder, self.sealer)
        self._acceptance = Acceptance(self.rules.rate)
        self._accepted = BatchWriter(self.database, self._acceptance.flush)
        self._composer = Composer(self.directory, self.records, self.rules, self.hindrances)

    async def dial(self, incoming: Incoming) -> Call | None:
        """Somebody dials a number of the world; None where nobody takes calls."""
        return await self._reception.arrive(incoming)

    async def call(self, account_sid: str, call_id: UUID) -> Call | None:
        """An account's call."""
        return await queries.get(self.database, account_sid, call_id)

    async def on_handset(self, world_sid: str, number: str, call_id: UUID) -> PhoneCall | None:
        """A call as the handset of this number has it, or is about to."""
        call = await queries.in_world(self.database, world_sid, call_id)
        if call is None:
            return None
        held = handset_of(call)
        return held if held.number == number else None

    async def held(self, world_sid: str, wanted: Alive) -> list[tuple[PhoneCall, Call]]:
        """The calls that ring or are talked on at the phones of a world, as each phone has them; newest first."""
        return [(handset_of(call), call) for call in await queries.alive(self.database, world_sid, wanted)]

    async def documents(self, world_sid: str, call_id: UUID) -> list[Document] | None:
        """What runs on a call of a world, its own document first; None where there is no such call."""
        call = await queries.in_world(self.database, world_sid, call_id)
        if call is None:
            return None
        found = await queries.find(self.database, call.account_sid, call_id)
        return [] if found is None else await documents.running(self.database, found)

    async def act(self, account_sid: str, call_id: UUID, act: Act) -> bool:
        """Somebody at the other end of a call does something; False when the call is over. Raises 21220 where it
        rings, or does not."""
        found = await queries.find(self.database, account_sid, call_id)
        if found is None:
            return False
        wanted = Wanted(account_sid, call_id, found.root)
        return await self.engine.take(wanted, act, clock.now(found.call.world_sid)) is not None

    async def closing(self, unit: Unit, account_sid: str) -> None:
        """The calls of an account that is closed or suspended, and those of its subaccounts, end; those that are
        queued are canceled."""
        found = await queries.named(unit, account_sid)
        await enqueue(unit, [_barred(each) for each in found])

    async def close(self) -> None:
        """Write what waits."""
        await self._accepted.close()
        await self.engine.close()
        await self._ends.close()
        await self._reception.close()

    def bindings(self) -> tuple[Binding, ...]:
        asked = operations.Operations(
            self.database, self._composer, self._accepted, self.engine, self.webhooks
        )
        calls = HeldCalls(self.database, self.engine, self._composer, self._acceptance)
        return (
            *operations.bindings(asked),
            *queue.bindings(self.database, calls),
            *conference_bindings(self.database, calls, self.recorder),
            recordings.binding(Recordings(self.recorder, calls)),
            transcription.binding(self.database),
            payments.binding(payments.Payments(self.database, self.engine)),
            *sessions.bindings(self.database, calls),
            *user_message.bindings(self.database, self.engine),
            *trace.bindings(self.database, calls),
            *insights.bindings(self.database, calls),
        )

    def handlers(self) -> Mapping[str, Handler]:
        """What the worker does, by kind of job."""
        if self.webhooks is None or self.texts is None:
            raise ValueError("a worker of calls needs webhooks and messages")
        transcriber = Transcriber(self.database, self.public_url, self.webhooks)
        return {
            EVENT: self.engine.event,
            FETCH: self.engine.event,
            TEXT: Texting(self.database, self.texts, self.webhooks).send,
            **self.recorder.handlers(),
            **transcriber.handlers(),
        }


def _barred(call: Named) -> NewJob:
    reference = Reference(call.id, call.root, Barred())
    key = key_of(call.root, call.id)
    return NewJob(EVENT, call.account_sid, call.world_sid, reference, clock.now(call.world_sid), key)
