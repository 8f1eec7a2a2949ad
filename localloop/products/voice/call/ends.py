"""Who is at the other end of a call: the simulated phone behind its number, as somebody has told it to be."""

from __future__ import annotations

from localloop.products.voice.call.resource import Call
from localloop.store import Database
from localloop.store.reader import BatchReader
from localloop.telephony.simulated import Phone, handsets
from localloop.telephony.simulated.handsets import Voice


class Ends:
    """Looks up other ends, many in one query."""

    def __init__(self, database: Database) -> None:
        self._voices: BatchReader[tuple[str, str], Voice] = BatchReader(database, handsets.voices)

    async def close(self) -> None:
        await self._voices.close()

    async def of(self, call: Call) -> Phone:
        is_inbound = call.direction == "inbound"
        number = call.from_ if is_inbound else call.to
        voice = await self._voices.read((call.world_sid, number))
        return Phone(persona=voice.persona, makes_call=is_inbound)
