"""Worlds that are made for a test: an account with its token and numbers, put away as it was at its start.

Every test of a suite makes one, so what must be done is done in few statements.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.core import clock, sids
from localloop.lab.shelf import made, moving
from localloop.lab.shelf.lock import Held
from localloop.lab.shelf.shelf import Shelf
from localloop.lab.shelf.snapshot import PREFIX
from localloop.lab.shelf.statements import SCHEMA
from localloop.rest.request import PageRequest
from localloop.store import Unit

_SNAPSHOTS: Final = f"select sid from {SCHEMA}.snapshots where world_sid = $1"
_DELETE_WITHIN_S: Final = 0.25

# Makes an account with its numbers in a unit of work.
MakeAccount = Callable[[Unit, "Wish"], Awaitable[None]]


class Wish(Struct, frozen=True, kw_only=True):
    account_sid: str
    auth_token: str
    friendly_name: str
    profile: str
    numbers: Sequence[str] = ()


class NoSuchWorld(Exception):
    """Nobody made this world by the lab, or it is not the caller's."""


class FreshWorlds:
    def __init__(self, shelf: Shelf, make: MakeAccount) -> None:
        self._shelf = shelf
        self._make = make

    async def make(self, made_by: str, wish: Wish) -> datetime:
        """A world that only its maker and itself may delete; when it was made."""
        columns = await self._shelf.columns()
        own = [wish.account_sid] if wish.numbers else []  # without numbers it starts with nothing
        start = made.Made(
            world_sid=wish.account_sid,
            made_by=made_by,
            start_sid=sids.new(PREFIX) if own else "",
            accounts=own,
            replaces=own,
            date_created=clock.now(),
        )
        async with self._shelf.database.unit() as unit:
            await self._make(unit, wish)
            if own:
                await moving.put_start_away(columns, Held(unit, wish.account_sid, own), start.start_sid)
            await made.note(unit, start)
        return start.date_created

    async def delete(self, caller: str, world_sid: str) -> None:
        """The world and its snapshots are gone. What is under way in it is not waited for much: it finds nothing any
        more. Raises NoSuchWorld."""
        await self._shelf.columns()
        try:
            async with self._shelf.lock.held(world_sid, _DELETE_WITHIN_S, must_rest=False) as held:
                found = await made.forget(held.unit, world_sid, caller)
                if found is None:
                    raise NoSuchWorld(world_sid)
                kept = [row["sid"] for row in await held.unit.fetch(_SNAPSHOTS, world_sid)]
                if kept or found.is_fork:
                    await moving.discard(held.unit, [found.start_sid, *kept])
                elif found.start_sid:
                    await moving.discard_start(held.unit, found.start_sid)
                await moving.delete_world(held)
                self._shelf.tools.tell(held.unit)
        finally:
            self._shelf.tools.moved()

    async def reset(self, world_sid: str) -> None:
        """The world as it was at its start; its main account stays, with its tokens and keys. Raises Busy."""
        columns = await self._shelf.columns()
        async with moving.changing(self._shelf.lock, self._shelf.tools, world_sid) as held:
            start = await made.find(held.unit, world_sid)
            if start is not None and start.start_sid:
                await moving.set_back(columns, held, start, self._shelf.tools.seal)
            else:
                await moving.set_back_to_nothing(held)

    async def page(self, made_by: str, asked: PageRequest) -> tuple[list[Any], bool]:
        await self._shelf.columns()
        return await made.page(self._shelf.database, made_by, asked)
