"""Who is at the other end of a call: the simulated phone behind its number, as somebody has told it to be."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from localloop.core import sids
from localloop.products.numbers import (
    Owned,
    find_application,
    find_public_application,
    is_verified,
    voice_webhook,
)
from localloop.products.voice.call.compose import Hindrances
from localloop.products.voice.call.inbound import Incoming, Reception
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.resource import Call
from localloop.products.voice.call.turn import handset_of
from localloop.store.plain import PlainStore
from localloop.store.reader import BatchReader
from localloop.telephony.simulated import Persona, Phone, Wire, handsets
from localloop.telephony.simulated.handsets import Voice

NOT_YOURS: Final = 13214
NOBODY: Final = 13224
MOST_HOPS: Final = 10
# What a call that <Dial> makes is refused with, by what REST would answer.
_OF_DIAL: Final = {21215: 13227, 21216: 13225}


class Ends:
    """Looks up other ends, many in one query."""

    def __init__(self, reception: Reception, records: PlainStore, hindrances: Hindrances) -> None:
        directory = reception.directory
        self._reception = reception
        self._records = records
        self._directory = directory
        self._hindrances = hindrances
        self._voices: BatchReader[tuple[str, str], Voice] = BatchReader(directory.database, handsets.voices)

    async def close(self) -> None:
        await self._voices.close()

    async def found(self, live: Live, at: datetime) -> tuple[Live, Live | None]:
        """A call that is about to be dialled, with its other end, or with what forbids that it is dialled; and the call
        that comes in where it reaches a number of the world."""
        call = live.call
        if call.parent_id is not None and (refusal := await self._refusal(call)):
            return replace(live, refusal=refusal), None
        if sids.is_sid(call.to, "AP"):
            return await self._applied(live, at)
        owned = await self._directory.find(call.world_sid, call.to) if call.to.startswith("+") else None
        if owned is not None and owned.voice_enabled and await self._is_answered(owned):
            return await self._connected(live, owned, at)
        voice = await self._voices.read((call.world_sid, handset_of(call).number))
        return replace(live, end=Phone(persona=voice.persona)), None

    async def _applied(self, live: Live, at: datetime) -> tuple[Live, Live | None]:
        """An application that is called takes the call as it takes those of its numbers; one of another account only
        where it is open to those."""
        call = live.call
        application = await find_application(self._records, call.account_sid, call.to)
        if application is None:
            database = self._directory.database
            application = await find_public_application(database, self._records, call.world_sid, call.to)
        if application is None or not application.voice_url or live.hops >= MOST_HOPS:
            return replace(live, refusal=NOBODY), None
        partner = await self._reception.applied(live, application, at)
        return (replace(live, refusal=NOBODY), None) if partner is None else _wired(live, partner)

    async def heir(self, live: Live, to: str) -> Live:
        """A call whose phone hands it on, with who takes it there: whoever is at that phone."""
        if not isinstance(live.end, Phone):
            return live
        voice = await self._voices.read((live.call.world_sid, to))
        return replace(live, end=replace(live.end, heir=voice.persona))

    async def _is_answered(self, owned: Owned) -> bool:
        """Whether an application takes its calls; else its phone does, which whoever tests may hold."""
        webhook = await voice_webhook(self._records, owned)
        return webhook is not None and bool(webhook.url)

    async def _connected(self, live: Live, owned: Owned, at: datetime) -> tuple[Live, Live | None]:
        """Both sides of a call within the world. One that only goes round and round reaches nobody."""
        call = live.call
        if live.hops >= MOST_HOPS:
            return replace(live, end=Phone(persona=Persona(takes="unreachable"))), None
        incoming = Incoming(world_sid=call.world_sid, from_=call.options.caller_id or call.from_, to=call.to)
        partner = await self._reception.live(incoming, owned, at)
        return _wired(live, partner)

    async def _refusal(self, call: Call) -> int:
        """What REST checks when a call is made, of one that another call makes; 0 is nothing."""
        to_prove = call.options.caller_to_prove
        if to_prove and not await self._is_own(call, to_prove):
            return NOT_YOURS
        if not call.to.startswith("+"):
            return 0
        refusal = await self._hindrances.refusal(call.account_sid, call.world_sid, call.to)
        return _OF_DIAL.get(refusal.code, refusal.code) if refusal is not None else 0

    async def _is_own(self, call: Call, number: str) -> bool:
        owned = await self._directory.find(call.world_sid, number)
        if owned is not None:
            return owned.account_sid == call.account_sid
        return await is_verified(self._directory.database, call.world_sid, call.account_sid, number)


def _wired(live: Live, partner: Live) -> tuple[Live, Live]:
    """Both as they are, each being the other's end."""
    there = Wire(account_sid=partner.call.account_sid, id=partner.call.id, root=partner.root)
    here = Wire(account_sid=live.call.account_sid, id=live.call.id, root=live.root)
    return replace(live, end=there), replace(partner, end=here, hops=live.hops + 1)
