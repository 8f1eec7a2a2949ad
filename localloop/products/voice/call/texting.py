"""`<Message>` and `<Sms>` in a call: a job takes the message to whoever sends messages.

The job is written with the call, and ends in the unit of work that accepts the message and lets the call hear of it: so
a message is sent once, whoever is killed meanwhile, and even where the call is over by then.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.core import errors
from localloop.jobs import Job, NewJob, Settled, delete, enqueue
from localloop.products.voice.call.events import Texted
from localloop.products.voice.call.live import EVENT, Reference, key_of
from localloop.products.voice.call.resource import Call
from localloop.products.voice.call.turn import Turn
from localloop.products.voice.texts import Refused, Text, Texts
from localloop.store import Database, Unit
from localloop.twiml.interpreter import commands
from localloop.webhooks import Alert, Webhooks

TEXT: Final = "call.text"


class Wanted(Struct, frozen=True):
    """The payload of the job: the message, and the command of which call it comes of."""

    call_sid: str
    id: UUID
    root: UUID
    n: int
    text: Text


def send(turn: Turn, wanted: commands.SendMessage) -> None:
    """From the call's number to the other end, unless the verb says otherwise."""
    call, live = turn.call, turn.live
    ours, theirs = _ends(call)
    text = Text(
        account_sid=call.account_sid,
        world_sid=call.world_sid,
        at=turn.at,
        from_=wanted.from_ or ours,
        to=wanted.to or theirs,
        body=wanted.body,
        media=wanted.media,
        status_callback=wanted.status_callback,
    )
    payload = Wanted(call.sid, call.id, live.root, wanted.n, text)
    turn.leave(NewJob(TEXT, call.account_sid, call.world_sid, payload, turn.at, _key(live.key)))


def _ends(call: Call) -> tuple[str, str]:
    """Our number and that of the other end (Twilio: "TwiML Voice: Sms")."""
    return (call.to, call.from_) if call.direction == "inbound" else (call.from_, call.to)


def _key(call_key: str) -> str:
    """Among those of the call's family, whose later events wait for it where time is moved by hand, but not the call's
    own, which are cancelled when it ends."""
    return f"{call_key}0"


class Texting:
    """The handler of the job."""

    def __init__(self, database: Database, texts: Texts, webhooks: Webhooks) -> None:
        self._database = database
        self._texts = texts
        self._webhooks = webhooks

    async def send(self, job: Job) -> Settled:
        wanted = job.read(Wanted)
        try:
            ready = await self._texts.prepare(wanted.text)
        except Refused as refused:
            async with self._database.unit() as unit:
                if await delete(unit, job):
                    await self._refuse(unit, wanted, refused)
            return Settled()
        async with self._database.unit() as unit:
            if await delete(unit, job):
                try:
                    await _tell(unit, wanted, Texted(wanted.n, await ready.accept(unit)))
                except Refused as refused:
                    await self._refuse(unit, wanted, refused)
        return Settled()

    async def _refuse(self, unit: Unit, wanted: Wanted, refused: Refused) -> None:
        """The Debugger has the reason, the call goes on."""
        text = wanted.text
        alert = Alert(
            account_sid=text.account_sid,
            world_sid=text.world_sid,
            error_code=refused.code,
            at=text.at,
            reason=f"{errors.title(refused.code)}: {refused.reason}",
            resource_sid=wanted.call_sid,
        )
        await self._webhooks.keep_alerts(unit, [alert])
        await _tell(unit, wanted, Texted(wanted.n, code=refused.code))


async def _tell(unit: Unit, wanted: Wanted, event: Texted) -> None:
    text = wanted.text
    reference = Reference(wanted.id, wanted.root, event)
    key = key_of(wanted.root, wanted.id)
    await enqueue(unit, [NewJob(EVENT, text.account_sid, text.world_sid, reference, text.at, key)])
