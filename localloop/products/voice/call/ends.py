"""Who is at the other end of a call: the simulated phone behind its number, as somebody has told it to be."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from localloop.products.numbers import Directory, is_verified
from localloop.products.voice.call.compose import Hindrances
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.resource import Call
from localloop.store.reader import BatchReader
from localloop.telephony.simulated import Phone, handsets
from localloop.telephony.simulated.handsets import Voice

NOT_YOURS: Final = 13214
# What a call that <Dial> makes is refused with, by what REST would answer.
_OF_DIAL: Final = {21215: 13227, 21216: 13225}


class Ends:
    """Looks up other ends, many in one query."""

    def __init__(self, directory: Directory, hindrances: Hindrances) -> None:
        self._directory = directory
        self._hindrances = hindrances
        self._voices: BatchReader[tuple[str, str], Voice] = BatchReader(directory.database, handsets.voices)

    async def close(self) -> None:
        await self._voices.close()

    async def found(self, live: Live) -> Live:
        """A call that is about to be dialled, with its other end, or with what forbids that it is dialled."""
        call = live.call
        if call.parent_id is not None and (refusal := await self._refusal(call)):
            return replace(live, refusal=refusal)
        voice = await self._voices.read((call.world_sid, call.to))
        return replace(live, end=Phone(persona=voice.persona))

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
