"""Saving, restoring, forking and setting back worlds. Each is one unit of work under the world's lock.

What a step costs is PostgreSQL's: rows are copied from table to table and none is read here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from localloop.core import clock, sids
from localloop.lab.shelf import identities, moving, snapshot, statements
from localloop.lab.shelf.identities import Copying
from localloop.lab.shelf.lock import PLANNER, WorldLock
from localloop.lab.shelf.moving import Forked, Tools
from localloop.lab.shelf.shelving import Shelving
from localloop.lab.shelf.snapshot import PREFIX, NameTaken, Snapshot
from localloop.lab.shelf.statements import Columns, bound
from localloop.rest.request import PageRequest
from localloop.store import Database


class Shelf:
    def __init__(self, database: Database, lock: WorldLock, tools: Tools) -> None:
        self.database = database
        self.lock = lock
        self.tools = tools
        self._shelving = Shelving(database)

    async def columns(self) -> Columns:
        """Of each table of a world. The shelf is there afterwards."""
        return await self._shelving.columns()

    async def save(self, world_sid: str, name: str | None) -> Snapshot:
        """Put the world away as it is now. Raises Busy, NameTaken."""
        columns = await self.columns()
        async with self.lock.held(world_sid) as held:
            if name is not None and await snapshot.is_taken(held.unit, world_sid, name):
                raise NameTaken(name)
            sid = sids.new(PREFIX)
            made = Snapshot(
                sid=sid,
                world_sid=world_sid,
                name=name,
                accounts=moving.main_first(held),
                resources=await moving.put_away(columns, held, sid),
                date_created=clock.now(world_sid),
                saved_at=clock.now(),
            )
            await snapshot.put(held.unit, made)
            return made

    async def find(self, world_sid: str, named: str) -> Snapshot:
        """By SID or name. Raises NoSuchSnapshot."""
        await self.columns()
        return await snapshot.find(self.database, world_sid, named)

    async def page(self, world_sid: str, asked: PageRequest) -> tuple[list[Snapshot], bool]:
        await self.columns()
        return await snapshot.page(self.database, world_sid, asked)

    async def delete(self, world_sid: str, named: str) -> None:
        """Raises NoSuchSnapshot."""
        await self.columns()
        async with self.database.unit() as unit:
            found = await snapshot.find(unit, world_sid, named, "for update")
            await moving.discard(unit, [found.sid])

    async def restore(self, world_sid: str, named: str) -> Snapshot:
        """Make the world what it was: later jobs and records are gone. Raises Busy, NoSuchSnapshot."""
        columns = await self.columns()
        async with moving.changing(self.lock, self.tools, world_sid) as held:
            found = await snapshot.find(held.unit, world_sid, named, "for share")
            await moving.put_back(columns, held, found.sid, found.accounts)
            return found

    async def count(self, world_sid: str) -> Mapping[str, int]:
        """How many rows the world has in each table that has any."""
        rows = await self.database.fetch("select sid from accounts where world_sid = $1", world_sid)
        arguments = {"accounts": [row["sid"] for row in rows], "world": world_sid}
        counted = await self.database.fetchrow(*bound(statements.count(), arguments))
        assert counted is not None
        return {table: count for table, count in counted.items() if count}

    async def fork(self, world_sid: str, named: str | None) -> Forked:
        """Another world like a snapshot, or like this one now. Raises Busy, NoSuchSnapshot."""
        columns = await self.columns()
        if named is None:
            async with self.lock.held(world_sid) as held:
                sid, accounts = sids.new(PREFIX), moving.main_first(held)
                await moving.put_away(columns, held, sid)
                return await moving.fork(held.unit, columns, self._fresh(sid, accounts), world_sid)
        async with self.database.unit() as unit:
            await unit.execute(PLANNER)
            found = await snapshot.find(unit, world_sid, named, "for share")
            return await moving.fork(unit, columns, self._fresh(found.sid, found.accounts), world_sid)

    def _fresh(self, snapshot_sid: str, accounts: Sequence[str]) -> Copying:
        return Copying(snapshot_sid, identities.new_accounts(accounts), self.tools.seal)
