"""Waiting for a line of a call: for its words to begin, or for all of them to have been heard.

Where time passes by itself, it leaps no further than to what is waited for; who heard a text to its end has time to
react, as the persons of scripts have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from msgspec import Struct

from localloop.carriers.patterns import PatternError, Patterns
from localloop.core import clock, errors
from localloop.core.errors import ApiError
from localloop.lab.patience import Patience
from localloop.products.voice import Voice
from localloop.store import Database
from localloop.telephony.simulated import handsets
from localloop.telephony.simulated.handsets import KeptLine, PhoneCall
from localloop.telephony.simulated.phone import REACTION_S

NOTHING_CAME: Final = 20408  # our own code: Twilio has no long poll
_SHORTEST_S: Final = 0.004
_LONGEST_S: Final = 0.05
_SHARE: Final = 4  # looking may take a fifth of the time
_SHOWN: Final = 5
_Found = TypeVar("_Found")


class Wanted(Struct, frozen=True, kw_only=True):
    """`is_whole`: not before its end. Lines up to `after` have been seen."""

    matches: str = ""
    kind: str = ""
    after: UUID | None = None
    seconds: float
    is_whole: bool = False


class Listening(Struct, frozen=True):
    database: Database
    voice: Voice
    patience: Patience
    patterns: Patterns

    async def wait(self, call: PhoneCall, wanted: Wanted) -> KeptLine:
        """The first line that fits, at once if it is there already. Raises 408 with what was heard instead, as soon as
        the call is over and nothing more comes."""
        after = wanted.after

        async def look() -> tuple[KeptLine | None, bool]:
            nonlocal after
            is_over = await self._is_over(call)  # before looking: what came until then is seen
            lines = await handsets.list_lines(self.database, call.world_sid, call.id, after)
            after = lines[-1].id if lines else after
            return await self._first(wanted, lines), is_over

        try:
            found = await self._until(call.world_sid, wanted.seconds, look)
        except PatternError as error:
            raise errors.invalid_parameter("Matches", str(error)) from None
        if found is None:
            raise await self._unheard(call, wanted)
        if wanted.is_whole:
            await self._to_its_end(call, found)
        return found

    async def _first(self, wanted: Wanted, lines: Sequence[KeptLine]) -> KeptLine | None:
        known = [line for line in lines if not wanted.kind or line.kind == wanted.kind]
        if not wanted.matches:
            return known[0] if known else None
        verdicts = await self.patterns.search(wanted.matches, [line.body for line in known])
        return next((line for line, fits in zip(known, verdicts, strict=True) if fits), None)

    async def _to_its_end(self, call: PhoneCall, line: KeptLine) -> None:
        """Where time stands nobody can wait for that."""
        ends = line.at + timedelta(seconds=line.seconds + REACTION_S)
        left = (ends - clock.now(call.world_sid)).total_seconds()
        if not line.seconds or left <= 0 or clock.world_time(call.world_sid).mode == "frozen":
            return

        async def look() -> tuple[bool | None, bool]:
            return None, await self._is_over(call)

        await self._until(call.world_sid, left, look)

    async def _is_over(self, call: PhoneCall) -> bool:
        now = await self.voice.call(call.account_sid, call.id)
        return now is None or now.has_ended

    async def _until(
        self, world_sid: str, seconds: float, look: Callable[[], Awaitable[tuple[_Found | None, bool]]]
    ) -> _Found | None:
        """What a look finds, or None when the time is over, or a look says that it is in vain."""
        loop = asyncio.get_running_loop()
        pause = _SHORTEST_S
        async with self.patience.wait(world_sid, seconds, looks=True) as lasting:
            while True:
                is_over, asked = lasting.over.done(), lasting.asked
                began = loop.time()
                found, is_vain = await look()
                if found is not None or is_over or is_vain:
                    return found
                lasting.answered = asked
                has_leapt = await lasting.rest(max(pause, (loop.time() - began) * _SHARE))
                pause = _SHORTEST_S if has_leapt else min(pause * 1.3, _LONGEST_S)

    async def _unheard(self, call: PhoneCall, wanted: Wanted) -> ApiError:
        lines = await handsets.list_lines(self.database, call.world_sid, call.id)
        told = "; ".join(f"{line.kind} {line.body!r}" for line in lines[-_SHOWN:]) or "nothing"
        over = "until the call was over" if await self._is_over(call) else f"within {wanted.seconds:g} s"
        matching = f" that matches {wanted.matches!r}" if wanted.matches else ""
        return ApiError(408, NOTHING_CAME, f"No line{matching} came {over}: {told}.")
